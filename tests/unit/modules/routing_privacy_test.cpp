// What routing keeps to for privacy's sake: blocklists before anything is queued (XEP-0191), read markers of
// who does not share them (XEP-0333), and clients that nobody looks at (XEP-0352). Privacy and presence are
// not loaded here: the rows are enough.
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

namespace {

constexpr std::string_view displayed = "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>";
constexpr std::string_view composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
constexpr std::string_view paused = "<paused xmlns='http://jabber.org/protocol/chatstates'/>";

std::string chat(std::string_view to, std::string_view children) {
  return std::string("<message to='").append(to) + "' id='1' type='chat'>" + std::string(children) +
         "</message>";
}

struct PrivateWorld : World {
  void block(const std::string& name, const std::string& address) {
    host.state().tables["blocked"][name + "@localhost"][address] = "";
  }
  void hide_reading(const std::string& name) {
    host.state().tables["privacy_settings"][name + "@localhost"]["read-receipts"] = "off";
  }
};

}  // namespace

TEST_CASE("routing: XEP-0191, what comes from a blocked address is refused before it is queued") {
  for (const char* listed : {"alice@localhost", "alice@localhost/phone", "localhost"}) {
    CAPTURE(listed);
    PrivateWorld world;
    const hl_session alice = world.online("alice", "phone");
    const hl_session bob = world.online("bob", "desk");
    world.block("bob", listed);
    world.say(alice, chat("bob@localhost", "<body>hi</body>"));
    CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
    CHECK(world.host.sent(bob).empty());
    CHECK(world.mailbox("bob") == 0);
  }
}

TEST_CASE("routing: XEP-0191, a block is answered as an account is that is not there, whatever is sent") {
  struct Line {
    const char* type;
    std::string_view children;
  };
  for (const Line& line : {Line{"chat", "<body>hi</body>"}, Line{"normal", "<body>hi</body>"},
                           Line{"headline", "<body>hi</body>"}, Line{"groupchat", "<body>hi</body>"},
                           Line{"error", "<body>hi</body>"}, Line{"chat", composing}}) {
    CAPTURE(line.type);
    PrivateWorld world;
    const hl_session alice = world.online("alice", "phone");
    world.online("bob", "desk");
    world.block("bob", "alice@localhost");
    const auto answer = [&](std::string_view to) {
      world.say(alice, std::string("<message id='1' to='").append(to) + "@localhost' type='" + line.type +
                           "'>" + std::string(line.children) + "</message>");
      std::string all;
      for (const std::string& sent : world.host.sent(alice)) all += sent;
      const std::size_t at = all.find(to);
      return at == std::string::npos ? all : all.replace(at, to.size(), "X");
    };
    CHECK(answer("bob") == answer("mallory"));
  }
}

TEST_CASE("routing: what nobody would see tells nobody whether there is such an account") {
  struct Line {
    const char* type;
    std::string_view to;
    std::string_view children;
  };
  constexpr std::string_view at_home = "@localhost", on_phone = "@localhost/phone";
  constexpr std::string_view received = "<received xmlns='urn:xmpp:receipts' id='1'/>";
  constexpr std::string_view store = "<store xmlns='urn:xmpp:hints'/>";
  constexpr std::string_view no_store = "<x xmlns='a:b'/><no-store xmlns='urn:xmpp:hints'/>";
  constexpr std::string_view payload = "<x xmlns='a:b'/>";
  constexpr std::string_view secret = "<body>hi</body><no-store xmlns='urn:xmpp:hints'/>";
  for (const Line& line : {Line{"chat", at_home, composing},
                           Line{"normal", at_home, composing},
                           Line{"chat", on_phone, composing},
                           Line{"normal", on_phone, composing},
                           Line{"chat", at_home, ""},
                           Line{"chat", at_home, displayed},
                           Line{"chat", at_home, received},
                           Line{"normal", on_phone, received},
                           Line{"chat", at_home, store},
                           Line{"chat", at_home, no_store},
                           Line{"chat", at_home, secret},
                           Line{"chat", at_home, payload},
                           Line{"normal", at_home, payload},
                           Line{"", at_home, payload},
                           Line{"chat", on_phone, payload},
                           Line{"normal", on_phone, payload},
                           Line{"chat", at_home, "<body/>"},
                           Line{"normal", at_home, "<body></body><subject>hi</subject>"},
                           Line{"headline", at_home, "<body/>"},
                           Line{"headline", on_phone, "<body/>"},
                           Line{"groupchat", at_home, "<body/>"},
                           Line{"groupchat", on_phone, "<body/>"},
                           Line{"normal", on_phone, "<body/>"},
                           Line{"error", at_home, "<body/>"},
                           Line{"error", on_phone, composing}}) {
    CAPTURE(line.type);
    CAPTURE(line.to);
    CAPTURE(line.children);
    PrivateWorld world;
    const hl_session alice = world.online("alice", "phone");
    world.add_account("carol@localhost");
    world.block("carol", "alice@localhost");
    const auto answer = [&](const std::string& name) {
      world.say(alice, "<message id='1' to='" + name + std::string(line.to) + "' type='" + line.type + "'>" +
                           std::string(line.children) + "</message>");
      std::string all;
      for (const std::string& sent : world.host.sent(alice)) all += sent;
      const std::size_t at = all.find(name);
      return at == std::string::npos ? all : all.replace(at, name.size(), "X");
    };
    const std::string away = answer("bob");
    CHECK(answer("mallory") == away);
    CHECK(answer("carol") == away);
  }
}

TEST_CASE("routing: a payload without words waits for who is away, and words to no account are answered") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  for (const char* children : {"<x xmlns='a:b'/>", "<body/>"})
    world.say(alice, chat("bob@localhost", children));
  CHECK(world.mailbox("bob") == 2);
  world.say(alice, chat("mallory@localhost", "<body>hi</body>"));
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
}

TEST_CASE("routing: XEP-0191, a block on one resource leaves the others, and one on others leaves this") {
  PrivateWorld world;
  const hl_session phone = world.online("alice", "phone");
  const hl_session desk = world.online("alice", "desk");
  const hl_session bob = world.online("bob", "desk");
  world.block("bob", "alice@localhost/phone");
  world.block("bob", "carol@localhost");
  world.say(phone, chat("bob@localhost", "<body>no</body>"));
  world.say(desk, chat("bob@localhost", "<body>yes</body>"));
  CHECK(has(only(world.host.sent(bob)), "yes"));
}

TEST_CASE("routing: XEP-0191, nobody blocks themselves, not even by their domain") {
  PrivateWorld world;
  const hl_session bob = world.online("bob", "desk");
  world.block("bob", "localhost");
  world.block("bob", "bob@localhost");
  world.say(bob, chat("bob@localhost", "<body>note</body>"));
  CHECK(has(only(world.host.sent(bob)), "note"));
}

TEST_CASE("routing: XEP-0191, iqs of a blocked address are refused, and its answers dropped") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.block("bob", "alice@localhost");
  world.say(alice, "<iq to='bob@localhost/desk' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
  world.say(alice, "<iq to='bob@localhost/desk' type='result' id='1'/>");
  CHECK(world.host.sent(alice).empty());
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("routing: XEP-0191, who blocks somebody is told so on writing to them, and nothing goes out") {
  PrivateWorld world;
  const hl_session alice = world.online_with_carbons("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  const hl_session bob = world.online("bob", "desk");
  world.block("alice", "bob@localhost");
  for (const char* to : {"bob@localhost", "BOB@localhost/desk"}) {
    world.say(alice, chat(to, "<body>hi</body>"));
    const std::string error = only(world.host.sent(alice));
    CHECK(is_error(error, "cancel", "not-acceptable"));
    CHECK(has(error, "<blocked xmlns='urn:xmpp:blocking:errors'/>"));
  }
  world.say(alice, "<iq to='bob@localhost/desk' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "not-acceptable"));
  CHECK(world.host.sent(bob).empty());
  CHECK(world.host.sent(desk).empty());
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE(
    "routing: XEP-0191, a receipt for somebody blocked meanwhile still takes its message from the mailbox") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice, chat("bob@localhost", "<body>hi</body><request xmlns='urn:xmpp:receipts'/>"));
  CHECK(world.mailbox("bob") == 1);
  world.block("bob", "alice@localhost");
  world.say(bob, chat("alice@localhost/phone", "<received xmlns='urn:xmpp:receipts' id='1'/>"));
  CHECK(world.mailbox("bob") == 0);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: XEP-0333, a displayed marker goes through like any message") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, chat("bob@localhost", displayed));
  CHECK(world.mailbox("bob") == 1);
}

TEST_CASE(
    "routing: who does not share read receipts sends none, and their own clients still learn what was read") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  const hl_session bob = world.online("bob", "desk");
  world.hide_reading("alice");
  world.say(alice, chat("bob@localhost", displayed));
  CHECK(world.host.sent(bob).empty());
  CHECK(world.mailbox("bob") == 0);
  CHECK(world.host.sent(alice).empty());
  CHECK(has(only(world.host.sent(desk)), "<displayed"));
  world.say(alice, chat("bob@localhost", "<acknowledged xmlns='urn:xmpp:chat-markers:0' id='m1'/>"));
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("routing: who does not share read receipts gets none") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.hide_reading("bob");
  world.say(alice, chat("bob@localhost/desk", displayed));
  CHECK(world.host.sent(bob).empty());
  CHECK(world.mailbox("bob") == 0);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE(
    "routing: a read marker is taken out of a message that says more, both ways, and delivery is never "
    "hidden") {
  for (const char* hides : {"alice", "bob"}) {
    CAPTURE(hides);
    PrivateWorld world;
    const hl_session alice = world.online("alice", "phone");
    const hl_session bob = world.online("bob", "desk");
    world.hide_reading(hides);
    world.say(alice, chat("bob@localhost", std::string("<body>hi</body>").append(displayed)));
    CHECK(only(world.host.sent(bob)) ==
          "<message to='bob@localhost' id='1' type='chat' "
          "from='alice@localhost/phone'><body>hi</body></message>");
    world.say(alice, chat("bob@localhost", "<received xmlns='urn:xmpp:receipts' id='m1'/>"));
    CHECK(has(only(world.host.sent(bob)), "<received"));
    world.say(alice, chat("bob@localhost", "<received xmlns='urn:xmpp:chat-markers:0' id='m1'/>"));
    CHECK(has(only(world.host.sent(bob)), "<received"));
  }
}

TEST_CASE("routing: XEP-0352, chat states wait for a client that is inactive, messages never") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session carol = world.online("carol", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  world.say(carol, chat("bob@localhost", composing));
  world.say(alice, chat("bob@localhost", composing));
  world.say(alice, chat("bob@localhost", paused));
  CHECK(world.host.sent(bob).empty());
  world.say(alice,
            chat("bob@localhost", std::string("<active xmlns='http://jabber.org/protocol/chatstates'/>") +
                                      "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>"));
  CHECK(has(only(world.host.sent(bob)), "<displayed"));
  world.host.renew();
  world.say(bob, "<active xmlns='urn:xmpp:csi:0'/>");
  const std::vector<std::string> sent = world.host.sent(bob);
  REQUIRE(sent.size() == 2);  // The latest of each, in the order they came.
  CHECK(has(sent[0], "from='carol@localhost/phone'"));
  CHECK(has(sent[1], "<paused"));
  CHECK(world.host.state().tables["held"].empty());
  world.say(alice, chat("bob@localhost", composing));
  CHECK(has(only(world.host.sent(bob)), "<composing"));
}

TEST_CASE("routing: XEP-0352, what somebody was doing is over when their message comes") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  world.say(alice, chat("bob@localhost", composing));
  world.say(alice, chat("bob@localhost", "<body>done</body>"));
  CHECK(has(only(world.host.sent(bob)), "done"));
  world.say(bob, "<active xmlns='urn:xmpp:csi:0'/>");
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("routing: XEP-0352, presences that presence posts wait with the rest, or go on at once") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  const auto presence = [&](const std::string& sender, const std::string& type) {
    const std::string xml = "<presence from='" + sender + "' type='" + type + "'></presence>";
    CHECK(world.host.post("routing", "bob@localhost", 4, std::to_string(bob) + "\n" + sender + "\n" + xml) ==
          HL_OK);
  };
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  presence("alice@localhost/phone", "a");
  presence("carol@localhost/desk", "b");
  world.say(alice, chat("bob@localhost", composing));
  presence("alice@localhost/phone", "c");
  CHECK(world.host.sent(bob).empty());
  world.say(bob, "<active xmlns='urn:xmpp:csi:0'/>");
  const std::vector<std::string> sent = world.host.sent(bob);
  REQUIRE(sent.size() == 3);
  CHECK(has(sent[0], "type='b'"));
  CHECK(has(sent[1], "<composing"));
  CHECK(has(sent[2], "type='c'"));
  presence("carol@localhost/desk", "d");
  CHECK(has(only(world.host.sent(bob)), "type='d'"));
  CHECK(world.host.post("routing", "bob@localhost", 4, "not a word") == HL_E_NONE);
}

TEST_CASE("routing: XEP-0352, a stream that is resumed is active, and a session that ends leaves nothing") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.resumable("bob", "desk");
  const hl_session tablet = world.online("bob", "tablet");
  for (const hl_session session : {bob, tablet}) world.say(session, "<inactive xmlns='urn:xmpp:csi:0'/>");
  world.say(alice, chat("bob@localhost", composing));
  world.host.state().session_words.push_back({HL_SESSION_RESUMED, bob, 0});
  world.say(alice,
            chat("alice@localhost", composing));  // What was said of sessions is told with the next event.
  CHECK(has(only(world.host.sent(bob)), "<composing"));
  CHECK(world.host.sent(tablet).empty());
  world.host.end(tablet);
  CHECK(world.host.state().tables["held"].empty());
}

TEST_CASE("routing: XEP-0352, what may be held is bounded: presences go on, chat states are dropped") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  for (int i = 0; i < 1000; ++i) world.host.state().tables["held"]["bob@localhost"][std::to_string(i)] = "";
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  world.say(alice, chat("bob@localhost", composing));
  CHECK(world.host.sent(bob).empty());
  CHECK(world.host.post("routing", "bob@localhost", 4,
                        std::to_string(bob) + "\nc@localhost\n<presence></presence>") == HL_OK);
  CHECK(only(world.host.sent(bob)) == "<presence></presence>");
}

TEST_CASE("routing: XEP-0352, what is large is not held, and nothing older of its sender comes after it") {
  PrivateWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  const auto presence = [&](const std::string& status) {
    const std::string xml = "<presence from='c@localhost/x'>" + status + "</presence>";
    CHECK(world.host.post("routing", "bob@localhost", 4, std::to_string(bob) + "\nc@localhost/x\n" + xml) ==
          HL_OK);
  };
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  world.say(alice, chat("bob@localhost", composing));
  presence("small");
  CHECK(world.host.sent(bob).empty());
  // Each becomes five more when it is written.
  world.say(alice, chat("bob@localhost", "<composing xmlns='http://jabber.org/protocol/chatstates'>" +
                                             std::string(1000, '\'') + "</composing>"));
  CHECK(world.host.sent(bob).empty());
  presence(std::string(5000, 'x'));
  CHECK(has(only(world.host.sent(bob)), "xxx"));
  world.say(bob, "<active xmlns='urn:xmpp:csi:0'/>");
  CHECK(world.host.sent(bob).empty());
  CHECK(world.host.state().tables["held"].empty());
}

TEST_CASE("routing: XEP-0352, where there is no more room the latest of a sender still takes its place") {
  PrivateWorld world;
  world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  const auto presence = [&](const std::string& type) {
    CHECK(world.host.post(
              "routing", "bob@localhost", 4,
              std::to_string(bob) + "\nc@localhost/x\n<presence type='" + type + "'></presence>") == HL_OK);
  };
  world.say(bob, "<inactive xmlns='urn:xmpp:csi:0'/>");
  presence("here");
  for (int i = 0; i < 1000; ++i) world.host.state().tables["held"]["bob@localhost"][std::to_string(i)] = "";
  presence("gone");
  CHECK(world.host.sent(bob).empty());
  world.say(bob, "<active xmlns='urn:xmpp:csi:0'/>");
  CHECK(has(only(world.host.sent(bob)), "type='gone'"));
}

TEST_CASE("routing: an element of XEP-0352 that is neither is nobody's") {
  PrivateWorld world;
  CHECK(world.host.stanza(world.online("bob", "desk"), "<asleep xmlns='urn:xmpp:csi:0'/>") == HL_E_NONE);
}
