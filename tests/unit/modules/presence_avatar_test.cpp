// The picture an account shows, in its presence (XEP-0153, XEP-0398 4).
#include "presence/words.h"
#include "unit/modules/presence_world.h"

using namespace hotline::presence_test;

namespace {

constexpr std::string_view with_hash = "<x xmlns='vcard-temp:x:update'><photo>abc1</photo></x></presence>";

struct PhotoWorld : World {
  hl_session bob;

  PhotoWorld() {
    befriend("alice", "bob");
    bob = online("bob", "desk");
  }
  void set_photo(const std::string& hash) {
    host.state().tables["avatars"]["alice@localhost"][""] = hash;
    CHECK(host.post("presence", "alice@localhost", hotline::presence::topic::avatar_changed, "") == HL_OK);
    host.run();
  }
  // What bob sees of it.
  std::string seen(hl_session alice, const std::string& inside) {
    forget_sent();
    say(alice, "<presence>" + inside + "</presence>");
    return only(host.sent(bob));
  }
};

}  // namespace

TEST_CASE("presence: XEP-0398 4, the hash is in what contacts, own sessions and who probes get") {
  PhotoWorld world;
  world.set_photo("abc1");
  const hl_session alice = world.online("alice", "phone");
  CHECK(has(world.seen(alice, "<show>away</show>"), std::string("<show>away</show>").append(with_hash)));
  CHECK(has(only(world.host.sent(alice)), with_hash));
  const hl_session late = world.connect("bob", "late");
  world.say(late, "<presence/>");
  CHECK(count(world.host.sent(late), {"from='alice@localhost/phone'", with_hash}) == 1);
  const hl_session desk = world.connect("alice", "desk");
  world.say(desk, "<presence/>");
  CHECK(count(world.host.sent(desk), {"from='alice@localhost/phone'", with_hash}) == 1);
  CHECK_FALSE(has(world.host.state().tables["presence"]["alice@localhost"]["phone"], "abc1"));
}

TEST_CASE("presence: XEP-0398 4, the hash is in directed presence, and in none that says goodbye") {
  PhotoWorld world;
  world.set_photo("abc1");
  const hl_session carol = world.online("carol", "desk");
  const hl_session alice = world.connect("alice", "phone");
  world.say(alice, "<presence to='carol@localhost'/>");
  CHECK(has(only(world.host.sent(carol)), with_hash));
  world.say(alice, "<presence to='carol@localhost' type='unavailable'/>");
  CHECK_FALSE(has(only(world.host.sent(carol)), "vcard-temp:x:update"));
}

TEST_CASE(
    "presence: XEP-0398 4, what a client says of its picture is replaced, unless it says that it shows "
    "none") {
  PhotoWorld world;
  world.set_photo("abc1");
  const hl_session alice = world.online("alice", "phone");
  for (const char* replaced :
       {"<x xmlns='vcard-temp:x:update'/>", "<x xmlns='vcard-temp:x:update'><photo>ffff</photo></x>",
        "<x xmlns='vcard-temp:x:update'><photo>abc1</photo></x>",
        "<x xmlns='vcard-temp:x:update'/><x xmlns='vcard-temp:x:update'/>"}) {
    CAPTURE(replaced);
    const std::string seen =
        world.seen(alice, std::string("<a xmlns='b'/>").append(replaced) + "<status>s</status>");
    CHECK(has(seen, std::string("<a xmlns='b'/><status>s</status>").append(with_hash)));
  }
  for (const char* left : {"<x xmlns='vcard-temp:x:update'><photo/></x>",
                           "<x xmlns='vcard-temp:x:update'><photo>\n </photo></x>"}) {
    CAPTURE(left);
    CHECK(has(world.seen(alice, left), left));
    CHECK_FALSE(has(world.seen(alice, left), "abc1"));
  }
  CHECK(has(world.seen(alice, "<status>vcard-temp:x:update</status>"), with_hash));
}

TEST_CASE("presence: of a picture that the host does not know clients say what they say") {
  PhotoWorld world;
  const hl_session alice = world.online("alice", "phone");
  constexpr const char* said = "<x xmlns='vcard-temp:x:update'><photo>ffff</photo></x>";
  CHECK(has(world.seen(alice, said), said));
  CHECK_FALSE(has(world.seen(alice, ""), "vcard-temp:x:update"));
}

TEST_CASE("presence: a change of the picture is told to contacts and own sessions, once, and so is its end") {
  PhotoWorld world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session away = world.connect("alice", "away");
  world.say(alice, "<presence><show>dnd</show></presence>");
  world.forget_sent();
  world.set_photo("abc1");
  CHECK(has(only(world.host.sent(world.bob)), std::string("<show>dnd</show>").append(with_hash)));
  CHECK(world.host.sent(alice).size() == 1);
  CHECK(world.host.sent(away).empty());
  world.host.renew();
  world.set_photo("");
  CHECK(has(only(world.host.sent(world.bob)),
            "<show>dnd</show><x xmlns='vcard-temp:x:update'><photo/></x></presence>"));
  world.set_photo("abc2");
  CHECK(has(only(world.host.sent(world.bob)), "<photo>abc2</photo>"));
}
