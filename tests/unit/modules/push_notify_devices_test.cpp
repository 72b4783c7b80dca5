// XEP-0357: which devices want to be woken. When they are is in push_notify_watch_test.cpp.
#include "unit/modules/push_notify_world.h"

using namespace hotline::push_notify_test;
using hotline::push_notify::DeviceRow;

namespace {

constexpr std::string_view form_head =
    "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
    "<value>http://jabber.org/protocol/pubsub#publish-options</value></field>";

std::string form(std::string_view fields) {
  return std::string(form_head).append(fields).append("</x>");
}

}  // namespace

TEST_CASE("push_notify: a device is enabled, and stays when every instance is made anew") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(has(world.enable(alice, "token"), "type='result'"));
  world.host.renew();
  REQUIRE(world.devices("alice").size() == 1);
  const auto& [key, row] = *world.devices("alice").begin();
  CHECK(key == "push.localhost\ntoken");
  const auto device = DeviceRow::decode(row);
  REQUIRE(device);
  CHECK(device->id.size() == 32);
  CHECK(device->since_ms == world.host.wall_ms);
  CHECK(device->options == "{}");
}

TEST_CASE("push_notify: publish options are kept as the client gave them, whatever characters are in them") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(has(world.enable(alice, "token",
                         form("<field var='secret'><value>a&quot;b</value></field>"
                              "<field var='provider'><value>fcm</value></field>")),
            "type='result'"));
  const auto device = DeviceRow::decode(world.devices("alice").begin()->second);
  REQUIRE(device);
  CHECK(device->options == R"({"secret":"a\"b","provider":"fcm"})");
}

TEST_CASE("push_notify: asking again for the same device is one device, with a new id") {
  World world;
  const hl_session alice = world.online("alice");
  world.enable(alice, "token");
  const std::string before = world.devices("alice").begin()->second;
  world.enable(alice, "token");
  CHECK(world.devices("alice").size() == 1);
  CHECK(world.devices("alice").begin()->second != before);
}

TEST_CASE("push_notify: of more devices than there may be, the one that asked longest ago goes") {
  World world;
  world.host.numbers["devices_max"] = 2;
  const hl_session alice = world.online("alice");
  for (const char* node : {"z", "a", "m"}) {
    world.enable(alice, node);
    world.host.advance(1'000);
  }
  CHECK(world.devices("alice").size() == 2);
  CHECK_FALSE(world.devices("alice").contains("push.localhost\nz"));
}

TEST_CASE("push_notify: XEP-0357 6, a device is disabled by its node, or all of a service") {
  World world;
  world.host.texts["services"] = "push.example push.localhost.example";
  const hl_session alice = world.online("alice");
  for (const char* node : {"one", "two", "three"}) world.enable(alice, node);
  world.enable(alice, "other", {}, "push.localhost.example");
  CHECK(has(world.disable(alice, "jid='push.localhost' node='two'"), "type='result'"));
  CHECK(world.devices("alice").size() == 3);
  CHECK(has(world.disable(alice, "jid='push.localhost'"), "type='result'"));
  CHECK(world.devices("alice").size() == 1);
  CHECK(has(world.disable(alice, "jid='push.localhost'"), "type='result'"));
}

TEST_CASE("push_notify: what is no request is refused, and nothing is kept of it") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string ns = " xmlns='urn:xmpp:push:0'";
  const auto set = [&](const std::string& payload) {
    return world.ask(alice, "<iq type='set' id='1'>" + payload + "</iq>");
  };
  CHECK(is_error(set("<wake" + ns + " jid='push.localhost'/>"), "modify", "bad-request"));
  CHECK(is_error(set("<enable" + ns + " node='t'/>"), "modify", "bad-request"));
  CHECK(is_error(set("<enable" + ns + " jid='push.localhost'/>"), "modify", "bad-request"));
  CHECK(is_error(set("<enable" + ns + " jid='@' node='t'/>"), "modify", "jid-malformed"));
  CHECK(is_error(
      world.ask(alice, "<iq type='get' id='1'><enable" + ns + " jid='push.localhost' node='t'/></iq>"),
      "modify", "bad-request"));
  CHECK(is_error(world.enable(alice, "t", {}, "push.example"), "cancel", "item-not-found"));
  CHECK(is_error(world.enable(alice, "t", {}, "localhost"), "cancel", "item-not-found"));
  CHECK(is_error(world.enable(alice, std::string(1'025, 't')), "modify", "bad-request"));
  CHECK(is_error(world.enable(alice, "a&#10;b"), "modify", "bad-request"));
  CHECK(world.devices("alice").empty());
}

TEST_CASE("push_notify: a form of another kind, with too many fields or too much in them is not taken") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string other =
      "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>other</value></field></x>";
  CHECK(is_error(world.enable(alice, "t", other), "modify", "not-acceptable"));
  std::string many, large = "<field var='f'><value>" + std::string(2'048, 'x') + "</value></field>";
  for (int i = 0; i < 17; ++i) many += "<field var='f" + std::to_string(i) + "'><value>x</value></field>";
  CHECK(is_error(world.enable(alice, "t", form(many)), "modify", "not-acceptable"));
  CHECK(is_error(world.enable(alice, "t", form(large)), "modify", "not-acceptable"));
  CHECK(world.devices("alice").empty());
}

TEST_CASE("push_notify: where there is no room for a row, the client is told") {
  World world;
  const hl_session alice = world.online("alice");
  std::string answer;
  for (std::uint64_t n = 1; world.host.failing.call != "table.put" && n < 20; ++n) {
    world.host.failing.let(n);
    world.host.stanza(
        alice, "<iq type='set' id='1'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='t'/></iq>");
    const std::vector<std::string> sent = world.host.sent(alice);
    answer = sent.empty() ? "" : sent.back();
  }
  CHECK(world.host.failing.call == "table.put");
  CHECK(is_error(answer, "wait", "resource-constraint"));
}

TEST_CASE("push_notify: push.<domain> says what it is, and takes nothing else") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string info = world.ask(alice,
                                     "<iq type='get' id='1' to='push.localhost'>"
                                     "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  CHECK(has(info, "<identity category='pubsub' type='push'/>"));
  CHECK(has(info, "<feature var='urn:xmpp:push:0'/>"));
  CHECK(world.host.stanza(alice, "<message to='push.localhost'><body>hi</body></message>") == HL_E_NONE);
  CHECK(world.host.stanza(alice,
                          "<iq type='set' id='1' to='push.localhost'>"
                          "<enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='t'/></iq>") ==
        HL_E_NONE);
  CHECK(world.devices("alice").empty());
}

TEST_CASE("push_notify: an account that is removed, or has a new key, has no devices any more") {
  World world;
  const hl_session alice = world.online("alice"), bob = world.online("bob");
  world.enable(alice, "one");
  world.enable(alice, "two");
  world.enable(bob, "three");
  world.put("alice");
  CHECK(world.host.post("push_notify", "alice@localhost", hotline::push_notify::topic::forget, "") == HL_OK);
  CHECK(world.devices("alice").empty());
  CHECK(world.watch("alice").empty());
  CHECK(world.devices("bob").size() == 1);
  world.host.advance(10 * wait_ms);
  CHECK(world.notified().empty());
}
