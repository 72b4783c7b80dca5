// A login on a stream that goes on (hotline.login/1), with real modules.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

sim::SimWorld::Settings settings() {
  return {.seed = 1,
          .shards = 4,
          .accounts = {"anna@localhost", "bert@localhost"},
          .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                      sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")}};
}

constexpr std::string_view header =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' "
    "version='1.0'>";

// anna by PLAIN, with a resource and stream management.
std::string authenticate(std::string_view before_bind = {}) {
  return "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>"
         "<initial-response>AGFubmEAc2VjcmV0</initial-response>" +
         std::string(before_bind) +
         "<bind xmlns='urn:xmpp:bind:0'><tag>Sim</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"
         "</authenticate>";
}

struct Peer {
  explicit Peer(sim::SimWorld& its_world, std::uint32_t shard)
      : world(its_world), wire(world.connect(shard)) {}
  // What the host answers to it.
  std::string say(const std::string& text) {
    wire->to_client.clear();
    wire->to_host += text;
    world.deliver(*wire, std::string::npos);
    for (int i = 0; i < 4; ++i) {  // An answer may wait for the store, and for another shard.
      world.settle();
      world.clock.advance_us(5'000);
      world.store.commit_all();
    }
    world.settle();
    return wire->to_client;
  }
  sim::SimWorld& world;
  std::shared_ptr<sim::Wire> wire;
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_CASE(
    "login: header and all wishes in one write are answered with a bound session, wherever it came in") {
  for (std::uint32_t shard = 0; shard < 4; ++shard) {
    sim::SimWorld world(settings());
    Peer anna(world, shard);
    const std::string answer = anna.say(std::string(header) + authenticate());
    CHECK(has(answer, "<authorization-identifier>anna@localhost/Sim/"));
    CHECK(has(answer, "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3'"));
    const std::uint32_t home = world.host().world().home_of("anna@localhost");
    CHECK(world.host().shard(home).sessions.size() == 1);
    // The same stream goes on, with the limits after login.
    const std::string body(20'000, 'a');
    CHECK(has(anna.say("<message to='anna@localhost'><body>" + body + "</body></message><presence/>"), body));
  }
}

TEST_CASE("login: an old session is taken up in the login, with what it has not had") {
  sim::SimWorld world(settings());
  Peer before(world, 0);
  const std::string answer = before.say(std::string(header) + authenticate());
  const std::size_t at = answer.find(" id='", answer.find("<enabled")) + 5;
  const std::string id = answer.substr(at, answer.find('\'', at) - at);
  before.say("<presence/>");
  world.cut(*before.wire, true);
  world.settle();
  Peer bert(world, 1);
  std::string bert_in = authenticate();
  bert_in.replace(bert_in.find("AGFubmEAc2VjcmV0"), 16, "AGJlcnQAc2VjcmV0");
  bert.say(std::string(header) + bert_in);
  bert.say("<message to='anna@localhost'><body>meanwhile</body></message>");

  Peer after(world, 2);
  const std::string back = after.say(
      std::string(header) + authenticate("<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + id + "'/>"));
  CHECK(has(back, "<success xmlns='urn:xmpp:sasl:2'><resumed xmlns='urn:xmpp:sm:3' h='1'"));
  CHECK_FALSE(has(back, "<bound"));
  CHECK(has(back, "meanwhile"));
  // And one that is not there any more goes on to bind.
  Peer again(world, 3);
  const std::string bound =
      again.say(std::string(header) + authenticate("<resume xmlns='urn:xmpp:sm:3' h='0' previd='gone'/>"));
  CHECK(has(bound, "<failed xmlns='urn:xmpp:sm:3'><item-not-found"));
  CHECK(has(bound, "<bound"));
}

TEST_CASE(
    "login: how many wait is announced, and then they come as fast as they are accepted, all and in order") {
  constexpr std::size_t waiting = 600;
  const std::size_t window = ShardLimits{}.drain_window;
  REQUIRE(waiting > 2 * window);
  sim::SimWorld world(settings());
  Peer bert(world, 0);
  std::string bert_in = authenticate();
  bert_in.replace(bert_in.find("AGFubmEAc2VjcmV0"), 16, "AGJlcnQAc2VjcmV0");
  bert.say(std::string(header) + bert_in);
  for (std::size_t number = 0; number < waiting; ++number)
    bert.say("<message to='anna@localhost'><body>n" + std::to_string(number) + ";</body></message>");

  Peer anna(world, 1);
  const std::string answer = anna.say(std::string(header) + authenticate());
  CHECK(has(answer, "<pending xmlns='urn:hotline:pending:0' count='" + std::to_string(waiting) + "'/>"));
  CHECK_FALSE(has(answer, "<message"));
  std::string came = anna.say("<presence/>");
  std::size_t messages = count(came, "<message ");
  CHECK(messages <= window);
  while (messages < waiting) {
    const std::size_t handled = messages + count(came, "<presence ");
    const std::string more = anna.say("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(handled) + "'/>");
    REQUIRE(count(more, "<message ") > 0);
    CHECK(count(more, "<message ") <= window);
    came += more;
    messages = count(came, "<message ");
  }
  std::size_t at = 0;
  for (std::size_t number = 0; number < waiting; ++number) {
    at = came.find("n" + std::to_string(number) + ";", at);
    REQUIRE(at != std::string::npos);
  }
}

TEST_CASE("login: a call that fails leaves the stream a stranger's") {
  sim::SimWorld world(settings());
  Peer anna(world, 0);
  std::string wrong = authenticate();
  wrong.replace(wrong.find("AGFubmEAc2VjcmV0"), 16, "AGFubmEAd3Jvbmcx");
  CHECK(has(anna.say(std::string(header) + wrong), "<not-authorized"));
  CHECK(has(anna.say(authenticate()), "<bound"));
}

TEST_CASE("login: a stranger who moves from home to home has no longer for it than one who stays") {
  sim::SimWorld::Settings wanted = settings();
  wanted.shards = 2;
  wanted.accounts = {"a@localhost", "b@localhost", "c@localhost", "d@localhost", "e@localhost"};
  sim::SimWorld world(wanted);
  auto& configured = world.host().world().settings.by_module["registration"];
  configured["open"] = configured["allow_plain_loopback"] = "1";
  const auto one_of = [&](std::uint32_t shard) {
    for (const std::string& account : wanted.accounts)
      if (world.host().world().home_of(account) == shard) return account.substr(0, 1);
    return std::string();
  };
  const std::string names[] = {one_of(0), one_of(1)};
  REQUIRE((!names[0].empty() && !names[1].empty()));
  Peer stranger(world, 0);
  stranger.say(std::string(header));
  for (std::uint32_t second = 0; second < ShardLimits{}.login_s - 1; ++second) {
    const std::uint32_t home = (second + 1) % 2;
    CHECK(has(stranger.say("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" +
                           names[home] + "</username><password>x</password></query></iq>"),
              "<conflict"));
    CHECK(world.host().shard(home).streams.size() == 1);
    world.clock.advance_us(1'000'000 - 20'000);  // Without what it takes to say it.
  }
  world.clock.advance_us(1'000'000);
  CHECK(has(stranger.say(" "), "<connection-timeout"));
  CHECK_FALSE(stranger.wire->is_open());
}

}  // namespace
}  // namespace hotline::test
