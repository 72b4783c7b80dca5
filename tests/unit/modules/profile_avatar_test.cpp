// One picture in the vCard and on the nodes of avatars (XEP-0398): each side follows the other.
#include "profile/picture.h"
#include "unit/modules/presence_listener.h"
#include "unit/modules/profile_world.h"

using namespace hotline::profile_test;

namespace {

constexpr std::string_view data_node = "urn:xmpp:avatar:data", metadata_node = "urn:xmpp:avatar:metadata";
// "hello" and "world", which nobody takes for pictures but who is told so.
constexpr std::string_view hello = "aGVsbG8=", hello_hash = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
constexpr std::string_view world_text = "d29ybGQ=", world_hash = "7c211433f02071597741e6ff5a8ea34789abbf43";

std::string photo(std::string_view base64, std::string_view type = "image/png") {
  return std::string("<PHOTO><TYPE>").append(type).append("</TYPE><BINVAL>").append(base64) +
         "</BINVAL></PHOTO>";
}
std::string info(std::string_view id, std::string_view more = {}) {
  return std::string("<info bytes='5' id='").append(id).append("' type='image/png'").append(more) + "/>";
}

struct AvatarWorld : World {
  hl_session alice, bob;

  AvatarWorld() {
    hotline::test::changed_avatars.clear();
    host.load(hotline::test::presence_listener);
    alice = connect("alice");
    bob = connect("bob");
  }
  std::string set_card(std::string_view inside) {
    return iq(alice, "set", std::string("<vCard xmlns='vcard-temp'>").append(inside) + "</vCard>");
  }
  std::string card() { return iq(bob, "get", "<vCard xmlns='vcard-temp'/>", "alice"); }
  std::string publish_data(std::string_view id, std::string_view base64, std::string_view access = "open") {
    return publish(alice, data_node, id,
                   std::string("<data xmlns='urn:xmpp:avatar:data'>").append(base64) + "</data>",
                   field("access_model", access));
  }
  std::string publish_metadata(std::string_view inside, std::string_view access = "open") {
    return publish(alice, metadata_node, "i",
                   std::string("<metadata xmlns='urn:xmpp:avatar:metadata'>").append(inside) + "</metadata>",
                   field("access_model", access));
  }
  void set_access(std::string_view node, std::string_view access) {
    owner(alice, "set",
          std::string("<configure node='").append(node).append("'><x xmlns='jabber:x:data' type='submit'>") +
              field("access_model", access) + "</x></configure>");
  }
  // What presence says; "?": what clients say.
  std::string shown() {
    const auto& rows = host.state().tables["avatars"]["alice@localhost"];
    return rows.empty() ? "?" : rows.at("");
  }
  int changes() { return hotline::test::changed_avatars["alice@localhost"]; }
};

}  // namespace

TEST_CASE("profile: XEP-0398 3.2, a vCard's picture is published for everybody, the data first") {
  AvatarWorld world;
  CHECK(has(world.set_card("<FN>Alice</FN>" + photo("aGVs\n bG8=", "image/jpeg")), "type='result'"));
  world.host.renew();
  CHECK(has(world.items(world.bob, data_node, "alice"),
            "<item id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'><data "
            "xmlns='urn:xmpp:avatar:data'>aGVsbG8=</data></item>"));
  CHECK(has(world.items(world.bob, metadata_node, "alice"),
            "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='5' "
            "id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d' type='image/jpeg'/></metadata>"));
  CHECK(has(world.card(), "<BINVAL>aGVs\n bG8=</BINVAL>"));  // The vCard is as it came.
  CHECK(world.shown() == hello_hash);
  CHECK(world.changes() == 1);
}

TEST_CASE("profile: a contact that wants avatars is told once of a vCard's picture, and of no other field") {
  AvatarWorld world;
  world.show("alice", "bob");
  world.want(world.bob, "urn:xmpp:avatar:metadata+notify\n");
  world.set_card(photo(hello));
  CHECK(has(world.host.sent(world.bob).at(0), std::string("id='").append(hello_hash)));
  world.set_card("<FN>Alice</FN>" + photo(hello));
  CHECK(world.host.sent(world.bob).empty());
  CHECK(world.changes() == 1);
}

TEST_CASE("profile: XEP-0398 3.1, a published avatar is the vCard's photo, and all else of it stays") {
  AvatarWorld world;
  world.set_card("<FN>Alice</FN>" + photo("aHR0cDovL3g=", "text/html") + "<N><GIVEN>A</GIVEN></N>");
  world.publish_data(hello_hash, hello);
  CHECK(world.shown() == "?");  // Nothing says yet that it is the avatar.
  world.show("alice", "bob");
  world.want(world.bob, "urn:xmpp:avatar:metadata+notify\n");
  world.publish_metadata(info(world_hash, " url='https://x/'") + info(hello_hash));
  CHECK(world.host.sent(world.bob).size() == 1);  // It did not publish again.
  world.host.renew();
  CHECK(has(world.card(),
            "<vCard xmlns='vcard-temp'><FN>Alice</FN><N><GIVEN>A</GIVEN></N>" + photo(hello) + "</vCard>"));
  CHECK(world.shown() == hello_hash);
  CHECK(world.changes() == 1);
}

TEST_CASE("profile: a published avatar makes a vCard where there is none, and goes with it") {
  AvatarWorld world;
  world.publish_data(hello_hash, hello);
  world.publish_metadata(info(hello_hash));
  CHECK(has(world.card(), "<vCard xmlns='vcard-temp'>" + photo(hello) + "</vCard>"));
  world.publish_metadata("");
  CHECK(world.host.state().tables["vcards"].empty());
  CHECK(world.shown().empty());
  CHECK(world.changes() == 2);
}

TEST_CASE("profile: whichever is set last is the picture of both") {
  AvatarWorld world;
  world.set_card("<FN>Alice</FN>" + photo(hello));
  world.publish_data(world_hash, world_text);
  world.publish_metadata(info(world_hash));
  CHECK(has(world.card(), photo(world_text)));
  CHECK(world.shown() == world_hash);
  world.set_card("<FN>Alice</FN>" + photo(hello));
  CHECK(has(world.items(world.bob, metadata_node, "alice"), hello_hash));
  CHECK(world.shown() == hello_hash);
  CHECK(world.changes() == 3);
}

TEST_CASE("profile: a vCard without the photo it had turns the avatar off, one that never had any does not") {
  AvatarWorld world;
  world.set_card("<FN>Alice</FN>" + photo(hello));
  world.set_card("<FN>Alice</FN>");
  CHECK(has(world.items(world.bob, metadata_node, "alice"), "<metadata xmlns='urn:xmpp:avatar:metadata'/>"));
  CHECK(world.shown().empty());
  world.publish_data(hello_hash, hello);
  world.set_access(metadata_node, "presence");
  world.publish_metadata(info(hello_hash), "presence");
  world.set_card("<FN>Alice L.</FN>");
  CHECK(has(world.items(world.alice, metadata_node), hello_hash));
}

TEST_CASE("profile: a photo that is no picture is kept as it comes, and nothing is published") {
  const std::string large(hotline::profile::Picture::bytes_max / 3 * 4 + 8, 'A');
  for (const std::string& wrong :
       {photo("aGVsbG8"), photo("aGVsb*8="), photo("aGVsbG9="), photo("=GVsbG8="), photo("aGVsbG8=aGVsbG8="),
        std::string("<PHOTO><TYPE>image/png</TYPE><BINVAL/></PHOTO>"), photo("===="), photo(large),
        photo(hello, "text/html"), photo(hello, "image/svg+xml"),
        std::string("<PHOTO><TYPE/><BINVAL>aGVsbG8=</BINVAL></PHOTO>"),
        std::string("<PHOTO><EXTVAL>https://x/y.png</EXTVAL></PHOTO>"),
        std::string("<PHOTO><BINVAL><b>aGVsbG8=</b></BINVAL><TYPE>image/png</TYPE></PHOTO>")}) {
    CAPTURE(wrong.substr(0, 100));
    AvatarWorld world;
    CHECK(has(world.set_card(wrong), "type='result'"));
    CHECK(has(world.card(), wrong));
    CHECK(world.host.state().tables["pep_items"].empty());
    CHECK(world.shown() == "?");
    CHECK(world.changes() == 0);
  }
}

TEST_CASE("profile: where one picture is followed by a photo that is none, presence is the client's again") {
  AvatarWorld world;
  world.set_card(photo(hello));
  world.set_card("<PHOTO><EXTVAL>https://x/y.png</EXTVAL></PHOTO>");
  CHECK(world.shown() == "?");
  CHECK(has(world.items(world.bob, metadata_node, "alice"), hello_hash));
}

TEST_CASE("profile: a photo without a type has that of its first bytes") {
  const std::vector<std::pair<std::string, std::string>> pictures = {{"iVBORw0KGgo=", "image/png"},
                                                                     {"/9j/4AAQ", "image/jpeg"},
                                                                     {"R0lGODlh", "image/gif"},
                                                                     {"UklGRgAAAABXRUJQ", "image/webp"}};
  for (const auto& [base64, type] : pictures) {
    AvatarWorld world;
    world.set_card("<PHOTO><BINVAL>" + base64 + "</BINVAL></PHOTO>");
    CHECK(has(world.items(world.bob, metadata_node, "alice"), "type='" + type + "'"));
  }
}

TEST_CASE("profile: metadata that names no picture there is leaves the vCard as it is") {
  for (const std::string& wrong :
       {info(world_hash),                                  // The data has another hash.
        info("7C211433F02071597741E6FF5A8EA34789ABBF43"),  // There is no such item.
        info(""), std::string("<info bytes='5' type='image/png'/>"), info(hello_hash, " url='https://x/'"),
        std::string("<info bytes='5' id='").append(hello_hash) + "' type='text/html'/>"}) {
    CAPTURE(wrong);
    AvatarWorld world;
    world.set_card("<FN>Alice</FN>");
    world.publish_data(has(wrong, world_hash) ? world_hash : hello_hash, hello);
    CHECK(has(world.publish_metadata(wrong), "type='result'"));
    CHECK(has(world.card(), "<vCard xmlns='vcard-temp'><FN>Alice</FN></vCard>"));
    CHECK(world.shown() == "?");
    CHECK(world.changes() == 0);
  }
}

TEST_CASE("profile: data that is no picture is not put into the vCard") {
  for (const std::string& wrong : {std::string("no Base64"), std::string(100'000, 'A'), std::string()}) {
    AvatarWorld world;
    world.publish_data(hello_hash, wrong);
    world.publish_metadata(info(hello_hash));
    CHECK(world.host.state().tables["vcards"].empty());
  }
}

TEST_CASE("profile: an avatar for contacts alone is not put into the vCard, which is for everybody") {
  for (const std::string_view closed : {data_node, metadata_node}) {
    AvatarWorld world;
    world.publish_data(hello_hash, hello, closed == data_node ? "presence" : "open");
    world.publish_metadata(info(hello_hash), closed == data_node ? "open" : "presence");
    CHECK(world.host.state().tables["vcards"].empty());
    CHECK(world.shown() == "?");
    world.set_access(closed, "open");
    CHECK(has(world.card(), photo(hello)));
    world.set_access(closed, "whitelist");
    CHECK(world.host.state().tables["vcards"].empty());
    CHECK(world.shown().empty());
  }
}

TEST_CASE("profile: an avatar that is retracted, purged or deleted leaves the vCard") {
  for (const int how : {0, 1, 2}) {
    CAPTURE(how);
    AvatarWorld world;
    world.set_card("<FN>Alice</FN>" + photo(hello));
    if (how == 0)
      world.iq(
          world.alice, "set",
          "<pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='urn:xmpp:avatar:metadata'><item "
          "id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'/></retract></pubsub>");
    if (how == 1) world.owner(world.alice, "set", "<purge node='urn:xmpp:avatar:metadata'/>");
    if (how == 2) world.owner(world.alice, "set", "<delete node='urn:xmpp:avatar:metadata'/>");
    CHECK(has(world.card(), "<vCard xmlns='vcard-temp'><FN>Alice</FN></vCard>"));
    CHECK(world.shown().empty());
  }
}

TEST_CASE("profile: a picture that does not fit beside the rest of the vCard is not put into it") {
  AvatarWorld world;
  world.set_card("<NOTE>" + std::string(100'000, 'x') + "</NOTE>");
  const std::string large(40'000, 'A');
  const std::string id = "cb10bf8f0ad3ea0ed9a1e3ac52fa7a0a0f4e0a0c";
  world.publish_data(id, large);
  world.publish_metadata(info(id));
  CHECK_FALSE(has(world.card(), "<PHOTO>"));
  CHECK(world.shown() == "?");
}

TEST_CASE(
    "profile: a vCard's picture for which there is no room on the nodes is kept, and shown in presence") {
  AvatarWorld world;
  for (int i = 0; i < 200; ++i) world.publish(world.alice, "n" + std::to_string(i), "i", "<x xmlns='y'/>");
  CHECK(has(world.set_card(photo(hello)), "type='result'"));
  CHECK(has(world.card(), photo(hello)));
  CHECK(is_error(world.items(world.alice, metadata_node), "cancel", "item-not-found"));
  CHECK(world.shown() == hello_hash);
}

TEST_CASE("profile: the hash goes with the account") {
  AvatarWorld world;
  world.set_card(photo(hello));
  CHECK(world.host.post("profile", "alice@localhost", 1, "") == HL_OK);
  CHECK(world.shown() == "?");
}
