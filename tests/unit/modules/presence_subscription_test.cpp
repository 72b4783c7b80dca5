// RFC 6121 appendix A, row by row: as the RFC prints it, as the table has it, and as the module acts on it.
#include "presence/subscription.h"
#include "unit/modules/presence_world.h"

using namespace hotline::presence;
using namespace hotline::presence_test;

namespace {

// A table of the RFC: existing state, whether it is routed (outbound) or delivered (inbound), new state.
struct Row {
  const char* existing;
  const char* passes;
  const char* next;
};
struct Appendix {
  const char* name;
  bool is_outbound;
  Request request;
  Row rows[9];
};

constexpr const char* same = "no state change";

constexpr Appendix appendices[] = {
    {"A.2.1",
     true,
     Request::subscribe,
     {{"None", "MUST", "None + Pending Out"},
      {"None + Pending Out", "MUST", same},
      {"None + Pending In", "MUST", "None + Pending Out+In"},
      {"None + Pending Out+In", "MUST", same},
      {"To", "MUST", same},
      {"To + Pending In", "MUST", same},
      {"From", "MUST", "From + Pending Out"},
      {"From + Pending Out", "MUST", same},
      {"Both", "MUST", same}}},
    {"A.2.2",
     true,
     Request::unsubscribe,
     {{"None", "MUST", same},
      {"None + Pending Out", "MUST", "None"},
      {"None + Pending In", "MUST", same},
      {"None + Pending Out+In", "MUST", "None + Pending In"},
      {"To", "MUST", "None"},
      {"To + Pending In", "MUST", "None + Pending In"},
      {"From", "MUST", same},
      {"From + Pending Out", "MUST", "From"},
      {"Both", "MUST", "From"}}},
    {"A.2.3",
     true,
     Request::subscribed,
     {{"None", "MUST NOT", same},
      {"None + Pending Out", "MUST NOT", same},
      {"None + Pending In", "MUST", "From"},
      {"None + Pending Out+In", "MUST", "From + Pending Out"},
      {"To", "MUST NOT", same},
      {"To + Pending In", "MUST", "Both"},
      {"From", "MUST NOT", same},
      {"From + Pending Out", "MUST NOT", same},
      {"Both", "MUST NOT", same}}},
    {"A.2.4",
     true,
     Request::unsubscribed,
     {{"None", "MUST NOT", same},
      {"None + Pending Out", "MUST NOT", same},
      {"None + Pending In", "MUST", "None"},
      {"None + Pending Out+In", "MUST", "None + Pending Out"},
      {"To", "MUST NOT", same},
      {"To + Pending In", "MUST", "To"},
      {"From", "MUST", "None"},
      {"From + Pending Out", "MUST", "None + Pending Out"},
      {"Both", "MUST", "To"}}},
    {"A.3.1",
     false,
     Request::subscribe,
     {{"None", "MUST", "None + Pending In"},
      {"None + Pending Out", "MUST", "None + Pending Out+In"},
      {"None + Pending In", "MUST NOT", same},
      {"None + Pending Out+In", "MUST NOT", same},
      {"To", "MUST", "To + Pending In"},
      {"To + Pending In", "MUST NOT", same},
      {"From", "MUST NOT", same},
      {"From + Pending Out", "MUST NOT", same},
      {"Both", "MUST NOT", same}}},
    {"A.3.2",
     false,
     Request::unsubscribe,
     {{"None", "MUST NOT", same},
      {"None + Pending Out", "MUST NOT", same},
      {"None + Pending In", "MUST", "None"},
      {"None + Pending Out+In", "MUST", "None + Pending Out"},
      {"To", "MUST NOT", same},
      {"To + Pending In", "MUST", "To"},
      {"From", "MUST", "None"},
      {"From + Pending Out", "MUST", "None + Pending Out"},
      {"Both", "MUST", "To"}}},
    {"A.3.3",
     false,
     Request::subscribed,
     {{"None", "MUST NOT", same},
      {"None + Pending Out", "MUST", "To"},
      {"None + Pending In", "MUST NOT", same},
      {"None + Pending Out+In", "MUST", "To + Pending In"},
      {"To", "MUST NOT", same},
      {"To + Pending In", "MUST NOT", same},
      {"From", "MUST NOT", same},
      {"From + Pending Out", "MUST", "Both"},
      {"Both", "MUST NOT", same}}},
    {"A.3.4",
     false,
     Request::unsubscribed,
     {{"None", "MUST NOT", same},
      {"None + Pending Out", "MUST", "None"},
      {"None + Pending In", "MUST NOT", same},
      {"None + Pending Out+In", "MUST", "None + Pending In"},
      {"To", "MUST", "None"},
      {"To + Pending In", "MUST", "None + Pending In"},
      {"From", "MUST NOT", same},
      {"From + Pending Out", "MUST", "From"},
      {"Both", "MUST", "From"}}},
};

State state_named(std::string_view name) {
  constexpr const char* names[] = {"None",
                                   "None + Pending Out",
                                   "None + Pending In",
                                   "None + Pending Out+In",
                                   "To",
                                   "To + Pending In",
                                   "From",
                                   "From + Pending Out",
                                   "Both"};
  for (int i = 0; i < state_count; ++i)
    if (name == names[i]) return static_cast<State>(i);
  FAIL("no such state: " << name);
  return State::none;
}

template <typename Each>
void for_each_row(Each each) {
  for (const Appendix& appendix : appendices)
    for (const Row& row : appendix.rows) {
      CAPTURE(appendix.name);
      CAPTURE(row.existing);
      const State existing = state_named(row.existing);
      each(appendix, existing,
           Step{std::string_view(row.passes) == "MUST", row.next == same ? existing : state_named(row.next)});
    }
}

std::string request_from(std::string_view type) {
  return std::string("<presence to='bob@localhost' id='s1' type='").append(type).append("'/>");
}

}  // namespace

TEST_CASE("presence: the tables are those of RFC 6121 appendix A") {
  for_each_row([](const Appendix& appendix, State existing, Step expected) {
    const Step step =
        appendix.is_outbound ? outbound(existing, appendix.request) : inbound(existing, appendix.request);
    CHECK(step.passes == expected.passes);
    CHECK(step.next == expected.next);
  });
}

TEST_CASE("presence: A.2, what the user sends changes the roster and goes to the contact as the RFC has it") {
  for_each_row([](const Appendix& appendix, State existing, Step expected) {
    if (!appendix.is_outbound) return;
    World world;
    const hl_session alice = world.connect("alice", "phone");
    world.relate("alice", "bob", existing);
    CHECK(world.host.stanza(alice, request_from(text(appendix.request))) == HL_OK);
    CHECK(world.item("alice", "bob").state == expected.next);
    int routed = 0;
    for (const auto& post : world.host.state().posts)
      routed += has(post.bytes, std::string("<presence from='alice@localhost' to='bob@localhost' type='")
                                    .append(text(appendix.request))
                                    .append("' id='s1'>"))
                    ? 1
                    : 0;
    CHECK(routed == (expected.passes ? 1 : 0));
    const int pushed = count(world.host.sent(alice), {"<iq ", "type='set'", "jabber:iq:roster"});
    // A subscribed that does not pass is an approval in advance (3.4), which is a change, too.
    const bool is_approval =
        appendix.request == Request::subscribed && !expected.passes && !has_from(existing);
    CHECK(pushed == (existing != expected.next || is_approval ? 1 : 0));
  });
}

TEST_CASE("presence: A.3, what comes in changes the roster and reaches the user as the RFC has it") {
  for_each_row([](const Appendix& appendix, State existing, Step expected) {
    if (appendix.is_outbound) return;
    World world;
    const hl_session alice = world.connect("alice", "phone");
    world.host.set_field(alice, hotline::session_fields::priority, 1000);
    world.relate("alice", "bob", existing);
    const std::string type(text(appendix.request));
    const std::string xml =
        "<presence from='bob@localhost' to='alice@localhost' type='" + type + "'></presence>";
    CHECK(world.host.post("presence", "alice@localhost", 2, "bob@localhost\n" + type + "\n" + xml) == HL_OK);
    CHECK(world.item("alice", "bob").state == expected.next);
    const Lines sent = world.host.sent(alice);
    CHECK(count(sent, {xml}) == (expected.passes ? 1 : 0));
    // A request changes nothing that the roster shows.
    const bool is_shown = existing != expected.next && appendix.request != Request::subscribe;
    CHECK(count(sent, {"<iq ", "type='set'", "jabber:iq:roster"}) == (is_shown ? 1 : 0));
  });
}

TEST_CASE("presence: A.3.1, a request that was granted already is granted again without asking the user") {
  for (const State state : {State::from, State::from_out, State::both}) {
    World world;
    const hl_session bob = world.online("bob", "desk");
    world.relate("bob", "alice", State::none_out);
    world.relate("alice", "bob", state);
    const hl_session alice = world.online("alice", "phone");
    world.forget_sent();
    world.host.post("presence", "alice@localhost", 2, "bob@localhost\nsubscribe\n<presence></presence>");
    world.host.run();
    CHECK(world.host.sent(alice).empty());
    CHECK(count(world.host.sent(bob), {"type='subscribed'"}) == 1);
    CHECK(world.item("bob", "alice").state == State::to);
  }
}

TEST_CASE("presence: two people come to see each other, from the first request to both") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice,
            "<presence to='bob@localhost/desk' type='subscribe' id='1'><nick "
            "xmlns='http://jabber.org/protocol/nick'>Al</nick></presence>");
  const Lines asked = world.host.sent(bob);
  CHECK(only(asked) ==
        "<presence from='alice@localhost' to='bob@localhost' type='subscribe' id='1'>"
        "<nick xmlns='http://jabber.org/protocol/nick'>Al</nick></presence>");
  CHECK(count(world.host.sent(alice), {"jid='bob@localhost'", "subscription='none'", "ask='subscribe'"}) ==
        1);

  world.say(bob, "<presence to='alice@localhost' type='subscribed'/>");
  CHECK(count(world.host.sent(bob), {"<item jid='alice@localhost' subscription='from'"}) == 1);
  const Lines granted = world.host.sent(alice);
  REQUIRE(granted.size() == 3);
  CHECK(has(granted[0], "type='subscribed'"));
  CHECK(has(granted[1], "<item jid='bob@localhost' subscription='to'/>"));
  CHECK(granted[2] == "<presence to='alice@localhost' from='bob@localhost/desk'></presence>");

  world.say(bob, "<presence to='alice@localhost' type='subscribe'/>");
  world.say(alice, "<presence to='bob@localhost' type='subscribed'/>");
  CHECK(world.item("alice", "bob").state == State::both);
  CHECK(world.item("bob", "alice").state == State::both);
  CHECK(count(world.host.sent(bob), {"from='alice@localhost/phone'"}) == 1);
}

TEST_CASE("presence: 3.1.3, a request waits for a session that can answer it, through restarts of the code") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='bob@localhost' type='subscribe' id='1'/>");
  CHECK(world.item("bob", "alice").state == State::none_in);
  CHECK_FALSE(world.item("bob", "alice").is_listed);
  world.host.renew();
  for (const char* resource : {"desk", "phone"}) {
    const hl_session bob = world.connect("bob", resource);
    world.say(bob, "<presence/>");
    CHECK(count(world.host.sent(bob), {"type='subscribe'", "from='alice@localhost'", "id='1'"}) == 1);
    world.say(bob, "<presence><show>away</show></presence>");
    CHECK(count(world.host.sent(bob), {"type='subscribe'"}) == 0);
  }
  // Not in the roster until it is answered.
  const hl_session bob = world.connect("bob", "tablet");
  world.say(bob, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  CHECK_FALSE(has(only(world.host.sent(bob)), "<item"));
  world.say(bob, "<presence to='alice@localhost' type='unsubscribed'/>");
  CHECK_FALSE(world.has_row("bob", "alice"));
  CHECK(world.item("alice", "bob").state == State::none);
}

TEST_CASE("presence: 3.1.3, an account that is not there refuses") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='nobody@localhost' type='subscribe'/>");
  CHECK(count(world.host.sent(alice), {"type='unsubscribed'", "from='nobody@localhost'"}) == 1);
  CHECK(world.item("alice", "nobody").state == State::none);
}

TEST_CASE("presence: 3.2, who is no longer allowed sees the sessions go first") {
  World world;
  world.befriend("alice", "bob");
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.forget_sent();
  world.say(alice, "<presence to='bob@localhost' type='unsubscribed'/>");
  const Lines sent = world.host.sent(bob);
  CHECK(count(sent, {"type='unsubscribed'", "from='alice@localhost'"}) == 1);
  CHECK(count(sent, {"type='unavailable'", "from='alice@localhost/phone'"}) == 1);
  CHECK(world.item("bob", "alice").state == State::from);
  CHECK(world.item("alice", "bob").state == State::to);
}

TEST_CASE("presence: 3.3, who unsubscribes sees the contact's sessions go") {
  World world;
  world.befriend("alice", "bob");
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.forget_sent();
  world.say(alice, "<presence to='bob@localhost' type='unsubscribe'/>");
  CHECK(count(world.host.sent(alice), {"type='unavailable'", "from='bob@localhost/desk'"}) == 1);
  CHECK(count(world.host.sent(bob), {"type='unsubscribe'"}) == 1);
  CHECK(world.item("alice", "bob").state == State::from);
  CHECK(world.item("bob", "alice").state == State::to);
}

TEST_CASE("presence: 3.4, a subscription approved in advance is granted when it is asked for") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='bob@localhost' type='subscribed'/>");
  CHECK(count(world.host.sent(alice), {"approved='true'", "subscription='none'"}) == 1);
  const hl_session bob = world.online("bob", "desk");
  world.say(bob, "<presence to='alice@localhost' type='subscribe'/>");
  const Lines sent = world.host.sent(alice);
  CHECK(count(sent, {"type='subscribe'"}) == 0);
  CHECK(count(sent, {"subscription='from'"}) == 1);
  CHECK(count(world.host.sent(bob), {"from='alice@localhost/phone'"}) == 1);
  CHECK(world.item("bob", "alice").state == State::to);
}

TEST_CASE("presence: 3.4, an approval in advance survives asking and ends when it is taken back") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='bob@localhost' type='subscribed'/>");
  world.say(alice, "<presence to='bob@localhost' type='subscribe'/>");
  CHECK(world.item("alice", "bob").is_approved);
  world.say(alice, "<presence to='bob@localhost' type='unsubscribed'/>");
  CHECK_FALSE(world.item("alice", "bob").is_approved);
}

TEST_CASE("presence: subscriptions to oneself are ignored, to other domains refused") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='alice@localhost' type='subscribe'/>");
  CHECK(world.host.sent(alice).empty());
  CHECK_FALSE(world.has_row("alice", "alice"));
  world.say(alice, "<presence to='bob@example.org' type='subscribe'/>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "remote-server-not-found"));
}

TEST_CASE("presence: a request that cannot be passed on leaves the roster as it was") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.host.numbers["fake.posts_max"] = 0;
  world.say(alice, "<presence to='bob@localhost' type='subscribe'/>");
  CHECK(is_error(only(world.host.sent(alice)), "wait", "resource-constraint"));
  CHECK_FALSE(world.has_row("alice", "bob"));
}
