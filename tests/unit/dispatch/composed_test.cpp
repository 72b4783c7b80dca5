// Stanzas that a module composes from what a peer sent: they have grown, and are parsed all the same.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

struct Correspondence {
  sim::SimWorld world{
      {.seed = 1,
       .shards = 1,
       .accounts = {"anna@localhost", "bert@localhost"},
       .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                   sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so"),
                   sim::module_file("archive-1.0.0.so")}}};
  sim::SimClient bert{world, "bert@localhost", "anna@localhost"};

  Correspondence() {
    bert.connect(0);
    for (int i = 0; i < 20; ++i) {
      turn();
      bert.receive(std::string::npos);
    }
    REQUIRE(bert.is_ready());
  }
  void turn() {
    world.deliver(*bert.wire(), std::string::npos);
    world.settle();
    world.clock.advance_us(20'000);
    world.settle();
    world.store.commit_all();
    world.settle();
  }
  // What came to bert for it.
  std::string say(const std::string& xml) {
    bert.wire()->to_client.clear();
    bert.wire()->to_host += xml;
    turn();
    return bert.wire()->to_client;
  }
  std::size_t archived() {
    const std::string came = say("<iq type='get' id='1'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
    REQUIRE(came.find("<metadata") != std::string::npos);
    return came.find("<start ") == std::string::npos ? 0 : 1;
  }
};

bool is_marked(const std::string& message) {
  return message.find("<stanza-id xmlns='urn:xmpp:sid:0' by='anna@localhost'") != std::string::npos;
}

std::string message(const std::string& to, const std::string& inner, const std::string& attributes = "") {
  return "<message to='" + to + "' type='chat' id='m1'" + attributes + "><body>" + inner + "</message>";
}

TEST_CASE("composed: what an account is sent is archived for both ends, however it grows by escapes") {
  Correspondence f;
  CHECK(f.archived() == 0);
  CHECK(f.say(message("anna@localhost", std::string(150'000, '\'') + "</body>")).find("error") ==
        std::string::npos);
  CHECK(f.archived() == 1);
  REQUIRE(f.world.mailbox("anna@localhost").size() == 1);
  const std::string kept = f.world.mailbox("anna@localhost").front();
  CHECK(kept.size() > 900'000);
  CHECK(is_marked(kept));
}

TEST_CASE("composed: a stanza that has all that its limits allow is not too large with what comes to it") {
  Correspondence f;
  std::string elements = "</body>", attributes;
  for (int i = 2; i < 10'000; ++i) elements += "<a xmlns='b'/>";
  for (int i = 3; i < 64; ++i) attributes += " a" + std::to_string(i) + "=''";
  f.say(message("anna@localhost", elements));
  f.say(message("anna@localhost", "</body>", attributes));
  const std::vector<std::string> kept = f.world.mailbox("anna@localhost");
  REQUIRE(kept.size() == 2);
  for (const std::string& each : kept) CHECK(is_marked(each));
}

TEST_CASE("composed: a large message whose address is respelled is delivered") {
  Correspondence f;
  f.say(message("ANNA@localhost", std::string(150'000, '\'') + "</body>"));
  CHECK(f.world.mailbox("anna@localhost").size() == 1);
}

}  // namespace
}  // namespace hotline::test
