// RFC 6121 8.5, rule by rule, first as the pure function and then as what sessions and mailboxes see.
#include "routing/rules.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing;
using namespace hotline::routing_test;

namespace {

// RFC 6121 8.5.4, table 1. Where the RFC has "silently ignore or error", ours is named.
struct RuleLine {
  MessageType type;
  Situation situation;
  Rule rule;
};
constexpr Situation bare_nobody{};
constexpr Situation bare_somebody{.has_available = true};
constexpr Situation gone_nobody{.is_full = true};
constexpr Situation gone_somebody{.is_full = true, .has_available = true};
constexpr Situation matches{.is_full = true, .matches = true};
constexpr Situation matches_among{.is_full = true, .matches = true, .has_available = true};

constexpr RuleLine lines[] = {
    {MessageType::normal, bare_nobody, Rule::later},
    {MessageType::chat, bare_nobody, Rule::later},
    {MessageType::groupchat, bare_nobody, Rule::refuse},
    {MessageType::headline, bare_nobody, Rule::ignore},
    {MessageType::error, bare_nobody, Rule::ignore},
    {MessageType::normal, bare_somebody, Rule::most_available},
    {MessageType::chat, bare_somebody, Rule::most_available},
    {MessageType::groupchat, bare_somebody, Rule::refuse},
    {MessageType::headline, bare_somebody, Rule::all_available},
    {MessageType::error, bare_somebody, Rule::ignore},
    {MessageType::normal, gone_nobody, Rule::refuse},
    {MessageType::chat, gone_nobody, Rule::later},
    {MessageType::groupchat, gone_nobody, Rule::refuse},
    {MessageType::headline, gone_nobody, Rule::ignore},
    {MessageType::error, gone_nobody, Rule::ignore},
    {MessageType::normal, gone_somebody, Rule::refuse},
    {MessageType::chat, gone_somebody, Rule::most_available},
    {MessageType::groupchat, gone_somebody, Rule::refuse},
    {MessageType::headline, gone_somebody, Rule::ignore},
    {MessageType::error, gone_somebody, Rule::ignore},
    {MessageType::normal, matches, Rule::matched},
    {MessageType::chat, matches, Rule::matched},
    {MessageType::groupchat, matches, Rule::matched},
    {MessageType::headline, matches, Rule::matched},
    {MessageType::error, matches, Rule::matched},
    {MessageType::chat, matches_among, Rule::matched},
};

}  // namespace

TEST_CASE("routing: RFC 6121 8.5.4's table holds for every type and situation") {
  for (const RuleLine& line : lines) {
    CAPTURE(static_cast<int>(line.type));
    CAPTURE(line.situation.is_full);
    CAPTURE(line.situation.matches);
    CAPTURE(line.situation.has_available);
    CHECK(rule_for(line.type, line.situation) == line.rule);
  }
}

TEST_CASE("routing: a receipt or marker outlives the resource it was sent to") {
  Situation gone = gone_nobody;
  gone.answers_only = true;
  CHECK(rule_for(MessageType::normal, gone) == Rule::later);
  gone.has_available = true;
  CHECK(rule_for(MessageType::normal, gone) == Rule::most_available);
}

TEST_CASE("routing: an absent or unknown type is normal (RFC 6121 5.2.2)") {
  CHECK(message_type({}) == MessageType::normal);
  CHECK(message_type("shout") == MessageType::normal);
  CHECK(message_type("headline") == MessageType::headline);
}

TEST_CASE(
    "routing: 8.5.1, a message to no account gets service-unavailable, as one to an account that refuses") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='nobody@localhost' type='chat' id='m1'><body>hi</body></message>");
  const std::string error = only(world.host.sent(alice));
  CHECK(is_error(error, "cancel", "service-unavailable"));
  CHECK(has(error, " id='m1'"));
  CHECK(has(error, " from='nobody@localhost'"));
  CHECK(has(error, " to='alice@localhost/phone'"));
  world.say(alice, "<message to='nobody@localhost' type='error'><body>hi</body></message>");
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: 8.5.2.1.1, a message to a bare address goes to the most available session") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online("bob", "desk", 5);
  const hl_session phone = world.online("bob", "phone", 1);
  const hl_session silent = world.online("bob", "silent", -1);
  world.say(alice, "<message to='bob@localhost' type='chat'><body>hi</body></message>");
  CHECK(only(world.host.sent(desk)) ==
        "<message to='bob@localhost' type='chat' from='alice@localhost/phone'><body>hi</body></message>");
  CHECK(world.host.sent(phone).empty());
  CHECK(world.host.sent(silent).empty());
  CHECK(world.mailbox("bob") == 1);
  world.host.accept_all(desk);
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: 8.5.2.1.1, sessions of the same priority all get it, and it stays one entry") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online("bob", "desk", 1);
  const hl_session phone = world.online("bob", "phone", 1);
  world.say(alice, "<message to='bob@localhost'><body>hi</body></message>");
  CHECK(world.host.sent(desk).size() == 1);
  CHECK(world.host.sent(phone).size() == 1);
  CHECK(world.mailbox("bob") == 1);
}

TEST_CASE(
    "routing: 8.5.2.1.1, a headline to a bare address goes to all that take messages, and is not kept") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online("bob", "desk", 5);
  const hl_session phone = world.online("bob", "phone", 0);
  const hl_session silent = world.online("bob", "silent", -1);
  const hl_session dumb = world.connect("bob", "dumb");
  world.say(alice, "<message to='bob@localhost' type='headline'><body>news</body></message>");
  CHECK(world.host.sent(desk).size() == 1);
  CHECK(world.host.sent(phone).size() == 1);
  CHECK(world.host.sent(silent).empty());
  CHECK(world.host.sent(dumb).empty());
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: 8.5.2.1.1, groupchat to a bare address is refused, an error is dropped") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice, "<message to='bob@localhost' type='groupchat'><body>hi</body></message>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
  world.say(alice, "<message to='bob@localhost' type='error'><body>hi</body></message>");
  CHECK(world.host.sent(alice).empty());
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("routing: 8.5.2.2.1, without a session a chat or normal message waits, a headline is dropped") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' type='chat'><body>1</body></message>");
  world.say(alice, "<message to='bob@localhost'><body>2</body></message>");
  world.say(alice, "<message to='bob@localhost' type='headline'><body>3</body></message>");
  CHECK(world.mailbox("bob") == 2);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: 8.5.2.2.1, a negative priority or no presence is as good as no session") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session silent = world.online("bob", "silent", -1);
  const hl_session dumb = world.connect("bob", "dumb");
  world.say(alice, "<message to='bob@localhost' type='chat'><body>1</body></message>");
  CHECK(world.mailbox("bob") == 1);
  CHECK(world.host.sent(silent).empty());
  CHECK(world.host.sent(dumb).empty());
}

TEST_CASE("routing: 8.5.3.1, a full address gets its stanza whatever its priority") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online("bob", "desk", 5);
  const hl_session silent = world.online("bob", "silent", -1);
  const hl_session dumb = world.connect("bob", "dumb");
  for (const char* type : {"chat", "normal", "groupchat", "headline", "error"}) {
    CAPTURE(type);
    for (const char* resource : {"silent", "dumb"})
      world.say(alice, with_value("<message to='bob@localhost/", resource) + "' type='" + type +
                           "'><body>hi</body></message>");
    CHECK(world.host.sent(silent).size() == 1);
    CHECK(world.host.sent(dumb).size() == 1);
  }
  CHECK(world.host.sent(desk).empty());
  CHECK(world.mailbox("bob") == 4);  // chat and normal, to each.
}

TEST_CASE("routing: 8.5.3.2.1, chat to a resource that has gone is as if to the bare address") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost/gone' type='chat'><body>1</body></message>");
  CHECK(world.mailbox("bob") == 1);
  const hl_session desk = world.online("bob", "desk");
  world.say(alice, "<message to='bob@localhost/gone' type='chat'><body>2</body></message>");
  CHECK(world.host.sent(desk).size() == 1);
}

TEST_CASE(
    "routing: 8.5.3.2.1, normal and groupchat to a resource that has gone are refused, others dropped") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online("bob", "desk");
  for (const char* type : {"normal", "groupchat", "headline", "error"}) {
    CAPTURE(type);
    world.say(alice,
              with_value("<message to='bob@localhost/gone' type='", type) + "'><body>hi</body></message>");
    const bool is_told = std::string_view(type) == "normal" || std::string_view(type) == "groupchat";
    CHECK(world.host.sent(alice).size() == (is_told ? 1 : 0));
  }
  CHECK(world.host.sent(desk).empty());
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: 8.5.3, an iq goes to the session with that resource, or is refused, or dropped") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.connect("bob", "desk");
  for (const char* type : {"get", "set", "result", "error"}) {
    CAPTURE(type);
    const std::string end = with_value("' type='", type) + "' id='q'><query xmlns='urn:x'/></iq>";
    world.say(alice, "<iq to='bob@localhost/desk" + end);
    CHECK(has(only(world.host.sent(bob)), " from='alice@localhost/phone'"));
    const bool is_told = std::string_view(type) == "get" || std::string_view(type) == "set";
    world.say(alice, "<iq to='bob@localhost/gone" + end);
    const auto told = world.host.sent(alice);
    CHECK(told.size() == (is_told ? 1 : 0));
    if (is_told) CHECK(is_error(told.front(), "cancel", "service-unavailable"));
  }
}

TEST_CASE("routing: 8.5.2.1.3, an iq to a bare address that no module claims is left to the host's refusal") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  CHECK(world.host.stanza(alice, "<iq to='bob@localhost' type='get' id='q'><query xmlns='urn:x'/></iq>") ==
        HL_E_NONE);
}

TEST_CASE("routing: an iq without an id or with an unknown type is a bad request") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<iq to='bob@localhost/desk' type='get'><query xmlns='urn:x'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "modify", "bad-request"));
  world.say(alice, "<iq to='bob@localhost/desk' type='push' id='1'><query xmlns='urn:x'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "modify", "bad-request"));
}

TEST_CASE("routing: 10.3, a message without an address goes to the sender's own account") {
  World world;
  const hl_session phone = world.online("alice", "phone", 1);
  const hl_session desk = world.online("alice", "desk", 5);
  world.say(phone, "<message type='chat'><body>note</body></message>");
  CHECK(has(only(world.host.sent(desk)), " to='alice@localhost'"));
  CHECK(world.host.sent(phone).empty());
}
