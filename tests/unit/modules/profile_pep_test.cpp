// Personal eventing (XEP-0163): publishing, who may see it, who is told.
#include "unit/modules/profile_world.h"

using namespace hotline::profile_test;

namespace {

constexpr std::string_view devices_node = "eu.siacs.conversations.axolotl.devicelist";
constexpr std::string_view devices =
    "<list xmlns='eu.siacs.conversations.axolotl'><device id='31415'/></list>";

std::string payload(int number) {
  return "<n xmlns='x'>" + std::to_string(number) + "</n>";
}

}  // namespace

TEST_CASE("profile: XEP-0163, an item is published on a node that makes itself, and read back") {
  World world;
  const hl_session alice = world.connect("alice");
  CHECK(
      world.publish(alice, devices_node, "current", devices) ==
      "<iq to='alice@localhost/phone' id='1' type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
      "<publish node='eu.siacs.conversations.axolotl.devicelist'><item "
      "id='current'/></publish></pubsub></iq>");
  world.host.renew();
  CHECK(has(world.items(alice, devices_node),
            std::string("<item id='current'>").append(devices) + "</item></items>"));
  CHECK(is_error(world.items(alice, "no.such.node"), "cancel", "item-not-found"));
}

TEST_CASE("profile: an item without id gets one") {
  World world;
  const hl_session alice = world.connect("alice");
  CHECK(has(
      world.iq(
          alice, "set",
          "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item><x xmlns='y'/></item>"
          "</publish></pubsub>"),
      "<item id='"));
  CHECK(has(world.items(alice, "n"), "<x xmlns='y'/>"));
}

TEST_CASE("profile: XEP-0384, bundles are for everybody, contacts see what is for contacts, others nothing") {
  World world;
  const hl_session alice = world.connect("alice"), bob = world.connect("bob"), carol = world.connect("carol");
  world.show("alice", "bob");
  world.publish(alice, "open", "i", payload(1), field("access_model", "open"));
  world.publish(alice, "presence", "i", payload(2));
  world.publish(alice, "whitelist", "i", payload(3), field("access_model", "whitelist"));
  CHECK(has(world.items(bob, "open", "alice"), payload(1)));
  CHECK(has(world.items(bob, "presence", "alice"), payload(2)));
  CHECK(is_error(world.items(bob, "whitelist", "alice"), "cancel", "item-not-found"));
  CHECK(has(world.items(carol, "open", "alice"), payload(1)));
  CHECK(is_error(world.items(carol, "presence", "alice"), "cancel", "service-unavailable"));
  CHECK(has(world.items(alice, "whitelist"), payload(3)));
}

TEST_CASE("profile: to strangers a node they may not see, one that is not there, and no account look alike") {
  World world;
  const hl_session alice = world.connect("alice"), carol = world.connect("carol");
  world.publish(alice, "presence", "i", payload(1));
  world.publish(alice, "open", "i", payload(1), field("access_model", "open"));
  const std::string not_there = without(world.items(carol, "presence", "mallory"), "mallory");
  CHECK(is_error(not_there, "cancel", "service-unavailable"));
  CHECK(without(world.items(carol, "presence", "alice"), "alice") == not_there);
  CHECK(without(world.items(carol, "nothing", "alice"), "alice") == not_there);
  world.block("alice", "carol");
  CHECK(without(world.items(carol, "open", "alice"), "alice") == not_there);
}

TEST_CASE("profile: a node keeps as many items as it is set up for, the latest first") {
  World world;
  const hl_session alice = world.connect("alice");
  for (int i = 0; i < 5; ++i)
    world.publish(alice, "three", "i" + std::to_string(i), payload(i), field("max_items", "3"));
  const std::string all = world.items(alice, "three");
  CHECK(has(all,
            "<item id='i4'>" + payload(4) + "</item><item id='i3'>" + payload(3) + "</item><item id='i2'>"));
  CHECK_FALSE(has(all, "i1"));
  const std::string one = world.items(alice, "three", {}, " max_items='1'");
  CHECK(has(one, "i4"));
  CHECK_FALSE(has(one, "i3"));
  world.publish(alice, "three", "i2", payload(9));
  CHECK(has(world.items(alice, "three"), "<items node='three'><item id='i2'>" + payload(9)));
  CHECK(has(world.iq(alice, "get",
                     "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='three'><item id='i3'/>"
                     "<item id='gone'/></items></pubsub>"),
            "<items node='three'><item id='i3'>" + payload(3) + "</item></items>"));
}

TEST_CASE("profile: an item that is named again and again is answered once, and no answer is large") {
  World world;
  const hl_session alice = world.connect("alice");
  const auto large = [](char c) { return "<x xmlns='y'>" + std::string(120'000, c) + "</x>"; };
  for (const char c : {'a', 'b', 'c', 'd', 'e', 'f', 'g'})
    world.publish(alice, "large", std::string(1, c), large(c), field("max_items", "max"));
  std::string often, each;
  for (int i = 0; i < 300; ++i) often += "<item id='a'/>";
  for (const char c : {'a', 'b', 'c', 'd', 'e', 'f', 'g'}) each += "<item id='" + std::string(1, c) + "'/>";
  const auto named = [&](const std::string& items) {
    return world.iq(alice, "get",
                    "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='large' "
                    "max_items='10000'>" +
                        items + "</items></pubsub>");
  };
  CHECK(has(named(often), "<items node='large'><item id='a'>" + large('a') + "</item></items>"));
  CHECK(named(each).size() < 700'000);
  CHECK(has(named(each), "<item id='c'>"));
}

TEST_CASE("profile: XEP-0060 6.5.4, of more than goes into one answer the latest come first, then the rest") {
  World world;
  const hl_session alice = world.connect("alice");
  const auto large = [](char c) { return "<x xmlns='y'>" + std::string(120'000, c) + "</x>"; };
  for (const char c : {'a', 'b', 'c', 'd', 'e', 'f', 'g'})
    world.publish(alice, "large", std::string(1, c), large(c), field("max_items", "max"));
  const auto behind = [&](const std::string& id) {
    return world.iq(alice, "get",
                    "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='large'/>"
                    "<set xmlns='http://jabber.org/protocol/rsm'><after>" +
                        id + "</after></set></pubsub>");
  };
  const std::string latest = world.items(alice, "large");
  CHECK(latest.size() < 700'000);
  CHECK(has(latest, "<items node='large'><item id='g'>" + large('g')));
  CHECK(has(latest,
            "</items><set xmlns='http://jabber.org/protocol/rsm'><first>g</first><last>c</last>"
            "<count>7</count></set></pubsub>"));
  const std::string rest = behind("c");
  CHECK(has(rest, "<items node='large'><item id='b'>" + large('b') + "</item><item id='a'>" + large('a') +
                      "</item></items></pubsub>"));
  CHECK(has(behind("a"), "<items node='large'/>"));
  CHECK(is_error(behind("gone"), "cancel", "item-not-found"));
}

TEST_CASE("profile: XEP-0060 7.1.5, a publisher that relies on what is not so is told, and nothing changes") {
  World world;
  const hl_session alice = world.connect("alice");
  world.publish(alice, "n", "i", payload(1));
  const std::string refused = world.publish(alice, "n", "i", payload(2), field("access_model", "whitelist"));
  CHECK(is_error(refused, "cancel", "conflict"));
  CHECK(has(refused, "<precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'>"));
  CHECK(has(world.items(alice, "n"), payload(1)));
  world.owner(alice, "set",
              "<configure node='n'><x xmlns='jabber:x:data' type='submit'>" +
                  field("access_model", "whitelist") + field("max_items", "max") + "</x></configure>");
  CHECK(has(world.publish(alice, "n", "i", payload(2), field("access_model", "whitelist")), "type='result'"));
  const std::string form = world.owner(alice, "get", "<configure node='n'/>");
  CHECK(has(form, "<field var='pubsub#access_model' type='list-single'><value>whitelist</value>"));
  CHECK(has(form, "<field var='pubsub#max_items' type='text-single'><value>256</value></field>"));
}

TEST_CASE("profile: what is published wrongly is refused with the reason") {
  World world;
  const hl_session alice = world.connect("alice");
  const auto publish = [&](std::string_view inner) {
    return world.iq(
        alice, "set",
        std::string("<pubsub xmlns='http://jabber.org/protocol/pubsub'>").append(inner) + "</pubsub>");
  };
  CHECK(has(publish("<publish><item><x xmlns='y'/></item></publish>"), "<nodeid-required"));
  CHECK(has(publish("<publish node='n'/>"), "<item-required"));
  CHECK(has(publish("<publish node='n'><item/></publish>"), "<invalid-payload"));
  CHECK(has(publish("<publish node='n'><item><x xmlns='y'/><x xmlns='y'/></item></publish>"),
            "<invalid-payload"));
  CHECK(has(publish("<publish node='n'><item><x xmlns='y'/></item><item><x xmlns='y'/></item></publish>"),
            "<item-required"));
  CHECK(has(publish("<publish node='" + std::string(1024, 'n') + "'><item><x xmlns='y'/></item></publish>"),
            "<nodeid-required"));
  CHECK(has(world.publish(alice, "n", "i", payload(1), field("access_model", "authorize")),
            "<unsupported-access-model"));
  CHECK(is_error(world.publish(alice, "n", "i", payload(1), field("max_items", "0")), "modify",
                 "not-acceptable"));
  CHECK(has(world.publish(alice, "n", "i", "<x xmlns='y'>" + std::string(140'000, 'x') + "</x>"),
            "<payload-too-big"));
  CHECK(is_error(publish("<subscribe node='n'/>"), "cancel", "feature-not-implemented"));
  CHECK(world.host.state().tables["pep_items"].empty());
}

TEST_CASE("profile: nodes and bytes of an account are bounded, and what is there stays") {
  World world;
  const hl_session alice = world.connect("alice");
  const std::string large = "<x xmlns='y'>" + std::string(120'000, 'x') + "</x>";
  for (int i = 0; i < 34; ++i)
    CHECK(has(world.publish(alice, "n" + std::to_string(i), "i", large), "type='result'"));
  CHECK(is_error(world.publish(alice, "more", "i", large), "wait", "resource-constraint"));
  CHECK(has(world.publish(alice, "n3", "i", large), "type='result'"));  // In place of as much.
  CHECK(has(
      world.iq(alice, "set",
               "<pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='n3'><item id='i'/></retract>"
               "</pubsub>"),
      "type='result'"));
  CHECK(has(world.publish(alice, "more", "i", large), "type='result'"));
  for (int i = 35; i < 200; ++i) world.publish(alice, "n" + std::to_string(i), "i", payload(i));
  const std::string refused = world.publish(alice, "one too many", "i", payload(1));
  CHECK(is_error(refused, "wait", "resource-constraint"));
  CHECK(has(refused, "200 nodes at most"));
  CHECK(has(world.owner(alice, "set", "<delete node='n4'/>"), "type='result'"));
  CHECK(has(world.publish(alice, "one too many", "i", payload(1)), "type='result'"));
}

TEST_CASE("profile: create, purge, retract and delete") {
  World world;
  const hl_session alice = world.connect("alice");
  const auto own = [&](std::string_view inner) {
    return world.iq(
        alice, "set",
        std::string("<pubsub xmlns='http://jabber.org/protocol/pubsub'>").append(inner) + "</pubsub>");
  };
  CHECK(has(own("<create node='n'/><configure><x xmlns='jabber:x:data'>" + field("max_items", "2") +
                "</x></configure>"),
            "<create node='n'/>"));
  CHECK(is_error(own("<create node='n'/>"), "cancel", "conflict"));
  world.publish(alice, "n", "a", payload(1));
  world.publish(alice, "n", "b", payload(2));
  CHECK(is_error(own("<retract node='n'><item id='c'/></retract>"), "cancel", "item-not-found"));
  CHECK(has(own("<retract node='n'><item id='a'/></retract>"), "type='result'"));
  CHECK_FALSE(has(world.items(alice, "n"), "id='a'"));
  CHECK(has(world.owner(alice, "set", "<purge node='n'/>"), "type='result'"));
  CHECK(has(world.items(alice, "n"), "<items node='n'/>"));
  CHECK(has(world.owner(alice, "set", "<delete node='n'/>"), "type='result'"));
  CHECK(is_error(world.items(alice, "n"), "cancel", "item-not-found"));
  CHECK(world.host.state().tables["pep_nodes"]["alice@localhost"][""] == "0");
}

TEST_CASE("profile: XEP-0163 4.3, those are told whose clients want the node and who may see it") {
  World world;
  const hl_session alice = world.connect("alice", "phone"), desk = world.connect("alice", "desk");
  const hl_session bob = world.connect("bob", "phone"), tablet = world.connect("bob", "tablet");
  const hl_session carol = world.connect("carol");
  world.show("alice", "bob");
  for (const hl_session session : {desk, bob, carol}) world.want(session, "n+notify\nother+notify\n");
  world.want(tablet, "other+notify\n", "http://client#2");
  world.publish(alice, "n", "i", payload(1));
  const Lines to_bob = world.host.sent(bob);
  REQUIRE(to_bob.size() == 1);
  CHECK(to_bob[0] ==
        "<message from='alice@localhost' to='bob@localhost/phone' type='headline'>"
        "<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'><item id='i'><n "
        "xmlns='x'>1</n></item>"
        "</items></event></message>");
  CHECK(world.host.sent(desk).size() == 1);
  CHECK(world.host.sent(tablet).empty());
  CHECK(world.host.sent(carol).empty());
  world.publish(alice, "n", "j", payload(1));
  world.host.sent(bob);
  world.iq(alice, "set",
           "<pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='n' notify='true'><item "
           "id='j'/></retract>"
           "</pubsub>");
  CHECK(has(world.host.sent(bob).at(0), "<retract id='j'/>"));
  world.owner(alice, "set", "<delete node='n'/>");
  CHECK(has(world.host.sent(bob).at(0), "<delete node='n'/>"));
}

TEST_CASE("profile: what is for the owner alone is told to the owner's clients alone") {
  World world;
  const hl_session alice = world.connect("alice", "phone"), desk = world.connect("alice", "desk");
  const hl_session bob = world.connect("bob");
  world.show("alice", "bob");
  for (const hl_session session : {desk, bob}) world.want(session, "urn:xmpp:bookmarks:1+notify\n");
  world.publish(alice, "urn:xmpp:bookmarks:1", "room@conference.localhost",
                "<conference xmlns='urn:xmpp:bookmarks:1'/>",
                field("access_model", "whitelist") + field("max_items", "max"));
  CHECK(world.host.sent(desk).size() == 1);
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("profile: blocking stops what is told, in both directions") {
  for (const bool owner_blocks : {true, false}) {
    CAPTURE(owner_blocks);
    World world;
    const hl_session alice = world.connect("alice"), bob = world.connect("bob");
    world.show("alice", "bob");
    world.want(bob, "n+notify\n");
    owner_blocks ? world.block("alice", "bob") : world.block("bob", "alice");
    world.publish(alice, "n", "i", payload(1));
    CHECK(world.host.sent(bob).empty());
  }
}

TEST_CASE("profile: XEP-0163 4.3.4, who comes gets the last item of what they want and may see") {
  World world;
  const hl_session alice = world.connect("alice");
  world.show("alice", "bob");
  world.publish(alice, "n", "i", payload(1), field("max_items", "5"));
  world.publish(alice, "n", "j", payload(2));
  world.publish(alice, "mine", "i", payload(3), field("access_model", "whitelist"));
  world.publish(alice, "quiet", "i", payload(4), field("send_last_published_item", "never"));
  for (const char* name : {"bob", "carol", "alice"}) {
    CAPTURE(name);
    const hl_session comer = world.connect(name, "late");
    world.want(comer, "n+notify\nmine+notify\nquiet+notify\n");
    world.host.run();
    const Lines sent = world.host.sent(comer);
    const bool is_carol = std::string_view(name) == "carol", is_alice = std::string_view(name) == "alice";
    REQUIRE(sent.size() == (is_carol ? 0 : is_alice ? 2 : 1));
    if (!is_carol) CHECK(has(sent[0], "<item id='j'>" + payload(2)));
  }
}

TEST_CASE(
    "profile: a client is asked once for what its capabilities stand for, and nobody else's answer counts") {
  World world;
  const hl_session alice = world.connect("alice");
  const auto came = [&](std::string_view bytes) {
    CHECK(world.host.post("profile", "alice@localhost", 6, std::string(bytes)) == HL_OK);
  };
  came("phone\nhttp://client#1");
  const Lines asked = world.host.sent(alice);
  REQUIRE(asked.size() == 1);
  CHECK(has(asked[0], "<iq from='localhost' to='alice@localhost/phone' type='get' id='caps-"));
  CHECK(has(asked[0], "<query xmlns='http://jabber.org/protocol/disco#info' node='http://client#1'/>"));
  CHECK(world.host.post("profile", "alice@localhost", 7, "phone\ncaps-00\nn+notify\n") == HL_OK);
  world.publish(alice, "n", "i", payload(1));  // One answer, and no event.
  const std::string id = asked[0].substr(asked[0].find("caps-"), 5 + 32);
  CHECK(world.host.post("profile", "alice@localhost", 7, "phone\n" + id + "\nn+notify\n") == HL_OK);
  came("phone\nhttp://client#1");
  const hl_session desk = world.connect("alice", "desk");
  came("desk\nhttp://client#1");
  CHECK(world.host.sent(alice).size() == 1);  // The last item.
  CHECK(has(world.host.sent(desk).at(0), "<item id='i'>"));
  for (const char* wrong : {"nobody\nhttp://client#1", "phone\na\nb", "phone"}) came(wrong);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE(
    "profile: a session that has ended wants nothing, nor does the one that follows it on its resource") {
  World world;
  const hl_session alice = world.connect("alice", "desk");
  const hl_session phone = world.connect("alice", "phone");
  world.want(phone, "n+notify\n");
  world.host.end(phone);
  CHECK(world.host.state().tables["pep_interest"].empty());
  const hl_session again = world.connect("alice", "phone");
  world.publish(alice, "n", "i", payload(1));
  CHECK(world.host.sent(again).empty());
}

TEST_CASE("profile: changing what is another's is forbidden, whether they are there or not") {
  World world;
  const hl_session bob = world.connect("bob");
  world.show("alice", "bob");
  constexpr std::string_view wish =
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='i'><x "
      "xmlns='y'/></item></publish>"
      "</pubsub>";
  for (const char* name : {"alice", "mallory"})
    CHECK(is_error(world.iq(bob, "set", wish, name), "auth", "forbidden"));
  CHECK(
      is_error(world.iq(bob, "set",
                        "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='n'/></pubsub>",
                        "alice"),
               "auth", "forbidden"));
  CHECK(world.host.state().tables["pep_nodes"].empty());
}
