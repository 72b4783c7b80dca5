// Files by link: slots, what may be put into them and got from them, and how both end.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <string>

#include "media_link/ranges.h"
#include "media_link/words.h"
#include "unit/modules/has.h"
#include "unit/modules/media_link_world.h"

using hotline::media_link::asked_range;
using hotline::media_link::AskedRange;
using hotline::media_link::is_shown_inline;
using hotline::media_link::media_type;
using hotline::media_link::sent_range;
using hotline::test::day_ms;
using hotline::test::digest;
using hotline::test::has;
namespace fake = hotline::sdk::fake;
using World = hotline::test::MediaWorld;

TEST_CASE("ranges: what is asked for lies in the file, and what cannot be read is all of it") {
  using Kind = AskedRange::Kind;
  const auto is = [](std::string_view text, Kind kind, std::uint64_t offset, std::uint64_t length) {
    const AskedRange range = asked_range(text, 10);
    CAPTURE(text);
    CHECK((range.kind == kind && range.offset == offset && range.length == length));
  };
  is("bytes=0-3", Kind::part, 0, 4);
  is("bytes=3-", Kind::part, 3, 7);
  is("bytes=9-9", Kind::part, 9, 1);
  is("bytes=5-99999999999999999999", Kind::whole, 0, 10);
  is("bytes=5-18446744073709551615", Kind::part, 5, 5);
  is("bytes=-4", Kind::part, 6, 4);
  is("bytes=-40", Kind::part, 0, 10);
  is("bytes=10-", Kind::outside, 0, 0);
  is("bytes=-0", Kind::outside, 0, 0);
  for (const char* text : {"", "bytes", "bytes=", "bytes=-", "bytes=4-3", "bytes=1-2,4-5", "lines=1-2",
                           "bytes=+1-2", "bytes=0x1-2", "bytes=1 -2", "bytes=--1"})
    is(text, Kind::whole, 0, 10);
}

TEST_CASE("ranges: a rest, a question, and what is neither") {
  const auto rest = sent_range("bytes 4-9/10");
  REQUIRE(rest);
  CHECK((rest->offset == 4 && rest->length == 6 && rest->size == 10 && !rest->is_question));
  REQUIRE(sent_range("bytes */10"));
  CHECK(sent_range("bytes */10")->is_question);
  for (const char* text : {"", "bytes", "bytes 4-9", "bytes 4-9/*", "bytes 9-4/10", "bytes 4-10/10",
                           "bytes -4/10", "bytes 4-/10", "4-9/10", "bytes=4-9/10", "bytes 4-9/10 "})
    CHECK(!sent_range(text));
}

TEST_CASE("media types: nothing that a browser runs is shown in its place") {
  CHECK(media_type("Image/PNG; q=1") == "image/png");
  for (const char* text : {"", "image", "image/", "/png", "image/p ng", "image/png\r\nX: y", "im\"age/png"})
    CHECK(!media_type(text));
  CHECK(!media_type(std::string(100, 'a') + "/" + std::string(100, 'b')));
  for (const char* type : {"image/png", "video/mp4", "audio/ogg"}) CHECK(is_shown_inline(type));
  for (const char* type : {"image/svg+xml", "text/html", "application/pdf", "application/xhtml+xml"})
    CHECK(!is_shown_inline(type));
}

TEST_CASE("media: XEP-0363 3, the service says what it is and how much it takes") {
  World world;
  world.host.stanza(world.alice,
                    "<iq type='get' id='d' to='upload.localhost'>"
                    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  const std::string info = world.host.sent(world.alice).back();
  CHECK(has(info, "category='store' type='file'"));
  CHECK(has(info, "<feature var='urn:xmpp:http:upload:0'/>"));
  CHECK(has(info, "<field var='max-file-size'><value>104857600</value>"));
}

TEST_CASE("media: XEP-0363 4, a slot is a link with a secret of its own, and rows know its digest alone") {
  World world;
  const std::string path = world.slot();
  CHECK(path.starts_with("/media/"));
  CHECK(path.ends_with("/a%20b.png"));
  const std::string secret = path.substr(7, 40);
  CHECK(secret.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(world.slot() != path);
  for (const auto& [folder, rows] : world.host.state().tables["media_files"])
    for (const auto& [name, row] : rows) {
      CHECK(folder == name.substr(0, 4) + "@media.invalid");
      CHECK(!has(name + row, secret));
    }
  CHECK(world.slot("filename='../../etc/passwd' size='1'").ends_with("/.._.._etc_passwd"));
  CHECK(world.slot("filename='..' size='1'").ends_with("/-"));
}

TEST_CASE("media: what is no request for a slot is refused, and so is too much") {
  World world;
  for (const char* wrong : {"", "filename='a'", "filename='a' size='0'", "filename='a' size='-1'", "size='1'",
                            "filename='a' size='1e3'", "filename='a' size='1' content-type='x'"})
    CHECK(has(world.ask(wrong), "<bad-request"));
  CHECK(has(world.ask("filename='" + std::string(256, 'n') + "' size='1'"), "<bad-request"));
  const std::string large = world.ask("filename='a' size='104857601'");
  CHECK(has(large, "<not-acceptable"));
  CHECK(has(large, "<max-file-size>104857600</max-file-size>"));
  CHECK(world.host.state().tables["media_files"].empty());
}

TEST_CASE("media: an account has its quota, of bytes and of files, and gets it back with time") {
  World world;
  world.host.numbers["quota_bytes"] = 25;
  world.host.numbers["files_max"] = 3;
  world.host.renew();
  CHECK(has(world.ask("filename='a' size='10'"), "<slot"));
  CHECK(has(world.ask("filename='b' size='10'"), "<slot"));
  const std::string full = world.ask("filename='c' size='6'");
  CHECK(has(full, "<resource-constraint"));
  CHECK(has(full, "<retry xmlns='urn:xmpp:http:upload:0' stamp='2014-02-2"));
  CHECK(has(world.ask("filename='c' size='1'"), "<slot"));
  CHECK(has(world.ask("filename='d' size='1'"), "<resource-constraint"));
  const hl_session bob = world.host.login("bob@localhost", "desk");
  CHECK(has(world.ask("filename='d' size='1'", bob), "<slot"));
  world.host.advance(day_ms);
  CHECK(has(world.ask("filename='d' size='1'"), "<slot"));
}

TEST_CASE("media: a put goes into the slot's file, and is answered once that is whole") {
  World world;
  const std::string path = world.slot();
  const hl_request request = world.put(path);
  CHECK(world.status(request) == 0);
  REQUIRE(!world.host.state().files.empty());
  const fake::FileWish wish = world.host.state().files.back();
  CHECK((wish.kind == "receive" && wish.request == request && wish.offset == 0 && wish.size == 10));
  world.host.renew();
  world.say(HL_OK, "10 " + digest);
  CHECK(world.status(request) == 201);
  // The slot was for one file.
  CHECK(world.status(world.put(path)) == 409);
  const fake::Request got = world.get(path);
  CHECK((got.status == 200 && got.file == wish.name && got.offset == 0 && got.length == 10));
}

TEST_CASE("media: a put that is not what the slot is for is refused before its body") {
  World world;
  const std::string path = world.slot();
  const auto refused = [&](std::vector<std::pair<std::string, std::string>> fields) {
    const std::uint32_t status = world.status(world.put(path, std::move(fields)));
    CHECK(world.host.state().files.empty());
    return status;
  };
  CHECK(refused({{"content-length", "11"}, {"content-type", "image/png"}}) == 400);
  CHECK(refused({{"content-length", "9"}}) == 400);
  CHECK(refused({{"content-length", "10"}, {"content-type", "text/html"}}) == 415);
  CHECK(refused({{"content-length", "10"}, {"content-type", "text"}}) == 400);
  CHECK(refused({{"content-length", "4"}, {"content-range", "bytes 5-9/10"}}) == 400);
  CHECK(refused({{"content-length", "4"}, {"content-range", "bytes 0-3/10"}}) == 400);
  CHECK(refused({{"content-length", "5"}, {"content-range", "bytes 6-10/11"}}) == 400);
  CHECK(world.status(world.put("/media/" + std::string(40, '0') + "/a")) == 404);
  world.host.advance(601'000);
  CHECK(refused({{"content-length", "10"}, {"content-type", "image/png"}}) == 404);
}

TEST_CASE("media: an upload that was cut off is asked about, and goes on where it was") {
  World world;
  const std::string path = world.slot();
  const hl_request cut = world.put(path);
  world.say(HL_E_GONE, "4");
  CHECK(world.status(cut) == 0);
  const hl_request question = world.put(path, {{"content-length", "0"}, {"content-range", "bytes */10"}});
  CHECK(world.host.state().files.back().offset == UINT64_MAX);
  world.say(HL_E_INVALID, "4");
  CHECK(world.status(question) == 308);
  CHECK(world.field(world.host.state().requests[question], "Range") == "bytes=0-3");
  const hl_request rest = world.put(path, {{"content-length", "6"}, {"content-range", "bytes 4-9/10"}});
  CHECK(world.host.state().files.back().offset == 4);
  world.say(HL_OK, "10 " + digest);
  CHECK(world.status(rest) == 201);
  CHECK(world.status(world.put(path, {{"content-length", "0"}, {"content-range", "bytes */10"}})) == 201);
  // A second writer, and a full disk.
  const std::string other = world.slot();
  const hl_request busy = world.put(other);
  world.say(HL_E_EXISTS, "");
  CHECK(world.status(busy) == 409);
  const hl_request full = world.put(other);
  world.say(HL_E_FULL, "no space left on device");
  CHECK(world.status(full) == 507);
  CHECK(!has(world.host.state().requests[full].body, "device"));
}

TEST_CASE("media: a file is given in parts, with fields that keep a browser from running it") {
  World world;
  const std::string path = world.whole();
  const fake::Request part = world.get(path, {{"range", "bytes=4-"}});
  CHECK((part.status == 206 && part.offset == 4 && part.length == 6));
  CHECK(world.field(part, "Content-Range") == "bytes 4-9/10");
  CHECK(world.field(part, "Content-Disposition") == "inline");
  const std::string etag = world.field(part, "ETag");
  CHECK(world.get(path, {{"range", "bytes=4-"}, {"if-range", etag}}).status == 206);
  CHECK(world.get(path, {{"range", "bytes=4-"}, {"if-range", "\"other\""}}).status == 200);
  CHECK(world.get(path, {{"if-none-match", etag}}).status == 304);
  const fake::Request outside = world.get(path, {{"range", "bytes=10-"}});
  CHECK(outside.status == 416);
  CHECK(world.field(outside, "Content-Range") == "bytes */10");
  const std::string html = world.slot("filename='x.html' size='10' content-type='text/html'");
  world.put(html, {{"content-length", "10"}, {"content-type", "text/html"}});
  world.say(HL_OK, "10 " + digest);
  CHECK(world.field(world.get(html), "Content-Disposition") == "attachment");
}

TEST_CASE("media: what is not there, not whole yet and no longer there look the same") {
  World world;
  const std::string slot = world.slot(), whole = world.whole();
  std::vector<fake::Request> answers;
  for (const std::string& path : {"/media/" + std::string(40, 'f') + "/a.png", slot, std::string("/media"),
                                  std::string("/media/x/a.png"), whole.substr(0, 47), whole + "/more"})
    answers.push_back(world.get(path));
  world.host.advance(31 * day_ms);
  answers.push_back(world.get(whole));
  for (const fake::Request& answer : answers) {
    CHECK(answer.status == 404);
    CHECK(answer.body == answers.front().body);
    CHECK(answer.fields == answers.front().fields);
  }
}

TEST_CASE("media: files go with their time, and what no row knows goes from the disk") {
  World world;
  world.whole();
  const std::string name = world.host.state().files.back().name;
  world.host.state().files.clear();
  world.host.advance(31 * day_ms);
  for (const auto& [folder, rows] : world.host.state().tables["media_files"]) CHECK(rows.empty());
  bool is_erased = false;
  fake::FileWish listed;
  for (const fake::FileWish& wish : world.host.state().files) {
    if (wish.kind == "erase" && wish.name == name) is_erased = true;
    if (wish.kind == "list") listed = wish;
  }
  CHECK(is_erased);
  REQUIRE(listed.kind == "list");
  world.host.state().files.clear();
  const std::string stranded = listed.name + std::string(36, '7');
  world.host.work_done(listed, HL_OK, stranded + "\n");
  REQUIRE(world.host.state().files.size() == 1);
  CHECK(world.host.state().files.front().name == stranded);
}

TEST_CASE("media: folders with old files are given to slower storage when that is configured") {
  World world;
  const auto archived = [&] {
    std::vector<fake::FileWish> wishes;
    for (const fake::FileWish& wish : world.host.state().files)
      if (wish.kind == "archive") wishes.push_back(wish);
    return wishes;
  };
  world.whole();
  world.host.advance(9 * day_ms);
  CHECK(archived().empty());
  world.host.numbers["archive_after_seconds"] = 10 * 86'400;
  world.host.renew();
  world.host.advance(day_ms / 2);
  CHECK(archived().empty());
  world.host.advance(day_ms);
  REQUIRE(!archived().empty());
  const fake::FileWish wish = archived().back();
  CHECK(wish.account == wish.name + "@media.invalid");
  CHECK(wish.size == 10 * 86'400);
  world.host.work_done(wish, HL_OK, "2 2000");
  world.host.work_done(wish, HL_E_FULL, "1 10");
  CHECK(world.host.state().counters["media_link.files_archived"] == 3);
  CHECK(world.host.state().counters["media_link.bytes_archived"] == 2'010);
  CHECK(world.host.state().counters["media_link.archive_full"] == 1);
  // Not before an upload can have been given up.
  world.host.numbers["archive_after_seconds"] = 1;
  world.host.renew();
  world.host.advance(day_ms);
  CHECK(archived().back().size == 21'600);
}

TEST_CASE("media: a link names its node, and what another one has is passed on to that") {
  World world;
  world.host.texts["node"] = "one";
  world.host.texts["fake.nodes"] = "two";
  world.host.renew();
  const std::string path = world.whole();
  REQUIRE(path.size() == 7 + 40 + 4 + 10);
  CHECK(path.substr(47, 5) == "-one/");
  CHECK(world.get(path).status == 200);
  // A link of before there were nodes.
  CHECK(world.get(path.substr(0, 47) + path.substr(51)).status == 200);
  const std::string other = path.substr(0, 47) + "-two" + path.substr(51);
  const fake::Request got = world.get(other, {{"range", "bytes=4-"}, {"cookie", "x"}});
  CHECK((got.status == 299 && got.node == "two" && got.path == other));
  CHECK(world.field(got, "range") == "bytes=4-");
  CHECK(world.field(got, "cookie").empty());
  const auto files = world.host.state().files.size();
  CHECK(world.status(world.put(other)) == 299);
  CHECK(world.host.state().files.size() == files);
  CHECK(world.host.state().counters["media_link.requests_passed_on"] == 2);
  for (const char* node : {"-three", "-", "-TWO", "-one-", "_one", "-../x"})
    CHECK(world.get(path.substr(0, 47) + node + path.substr(51)).status == 404);
  CHECK(world.get(path.substr(0, 47) + "-" + std::string(33, 'n') + path.substr(51)).status == 404);
}

TEST_CASE("media: what an account has put goes with it") {
  World world;
  const std::string path = world.whole();
  world.host.post("media_link", "alice@localhost", hotline::media_link::topic::account_removed, "");
  world.host.run();
  CHECK(world.host.state().files.back().kind == "erase");
  CHECK(world.get(path).status == 404);
}

namespace {

// A message with the link of a file waits for bob.
void send(World& world, const std::string& path, const std::string& account = "bob@localhost") {
  const std::string xml =
      "<message from='alice@localhost/phone' to='" + account + "' type='chat'><body>https://localhost:8443" +
      path + "</body><x xmlns='jabber:x:oob'><url>https://localhost:8443" + path + "</url></x></message>";
  world.host.state().mailboxes[account][1] = {.xml = xml, .module = "routing"};
  world.host.state().posts.push_back(
      {"media_link", account, hotline::media_link::topic::referenced, "", fake::Stanza::parse(xml)});
  world.host.run();
}

void accept(World& world, const std::string& account = "bob@localhost") {
  world.host.state().mailboxes[account].clear();
}

// Rows of a table, of all accounts together.
std::size_t rows(World& world, const std::string& table) {
  std::size_t count = 0;
  for (const auto& [account, its_rows] : world.host.state().tables[table]) count += its_rows.size();
  return count;
}

}  // namespace

TEST_CASE("media: a file stays while somebody it was sent to has not accepted the message, and then goes") {
  World world;
  world.host.numbers["accepted_seconds"] = 3 * 86'400;
  world.host.renew();
  const std::string path = world.whole();
  for (const char* account : {"bob@localhost", "carol@localhost"}) send(world, path, account);
  CHECK(rows(world, "media_holds") == 2);
  accept(world);
  world.host.advance(5 * day_ms);
  CHECK(rows(world, "media_holds") == 1);
  CHECK(world.get(path).status == 200);
  accept(world, "carol@localhost");
  world.host.advance(2 * day_ms);
  CHECK(rows(world, "media_holds") == 0);
  CHECK(rows(world, "media_references") == 0);
  CHECK(world.get(path).status == 200);  // For a client that accepts first, and gets the file then.
  world.host.advance(3 * day_ms);
  CHECK(world.get(path).status == 404);
  CHECK(rows(world, "media_files") == 0);
}

TEST_CASE("media: a link that is passed on keeps its file again, until its last time") {
  World world;
  world.host.numbers["accepted_seconds"] = 3 * 86'400;
  world.host.renew();
  const std::string path = world.whole();
  send(world, path);
  accept(world);
  world.host.advance(2 * day_ms);
  send(world, path, "carol@localhost");
  world.host.advance(20 * day_ms);
  CHECK(world.get(path).status == 200);
  world.host.advance(9 * day_ms);  // Nobody has accepted it in 30 days.
  CHECK(world.get(path).status == 404);
  CHECK(rows(world, "media_holds") == 0);
}

TEST_CASE(
    "media: a word between homes that a crash took is said again, and one that comes twice counts once") {
  World world;
  const std::string path = world.whole();
  send(world, path);
  send(world, path);
  CHECK(rows(world, "media_holds") == 1);
  // As if the word to the folder had been lost.
  for (auto& [account, its_rows] : world.host.state().tables["media_holds"]) its_rows.clear();
  for (auto& [name, row] : world.host.state().tables["media_references"]["bob@localhost"]) row = "w";
  world.host.advance(day_ms);
  CHECK(rows(world, "media_holds") == 1);
  world.host.post("media_link", "bob@localhost", hotline::media_link::topic::account_removed, "");
  world.host.run();
  CHECK(rows(world, "media_holds") == 0);
  CHECK(rows(world, "media_references") == 0);
}

TEST_CASE("media: links that are none of ours, and messages without one, are not counted") {
  World world;
  for (const char* url : {"https://elsewhere.example/media/00/x", "/media/x", "",
                          "https://localhost:8443/media/../../etc/passwd"}) {
    const std::string xml = std::string(
                                "<message from='a@localhost/b' to='bob@localhost'><x "
                                "xmlns='jabber:x:oob'><url>") +
                            url + "</url></x></message>";
    world.host.state().posts.push_back({"media_link", "bob@localhost", hotline::media_link::topic::referenced,
                                        "", fake::Stanza::parse(xml)});
    world.host.run();
  }
  CHECK(rows(world, "media_references") == 0);
}

namespace {
constexpr const char* with_hash =
    "filename='again.png' size='10' content-type='image/png'><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>"
    "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d0=</hash></request";
}  // namespace

TEST_CASE("media: who has put the same bytes before need not send them again, and nobody else learns of it") {
  World world;
  const auto ask = [&](hl_session who) {
    world.host.sent(who);
    world.host.stanza(who, std::string("<iq type='get' id='s' to='upload.localhost'><request "
                                       "xmlns='urn:xmpp:http:upload:0' ") +
                               with_hash + "></iq>");
    world.host.run();
  };
  const auto link = [&](hl_session who) {
    const auto sent = world.host.sent(who);
    REQUIRE(!sent.empty());
    const std::size_t at = sent.back().find("https://localhost:8443") + 22;
    return sent.back().substr(at, sent.back().find('\'', at) - at);
  };
  world.whole();
  world.host.state().files.clear();
  // A stranger's question is answered at once, and changes nothing.
  const hl_session bob = world.host.login("bob@localhost", "desk");
  ask(bob);
  CHECK(world.host.state().files.empty());
  CHECK(world.status(world.put(link(bob), {{"content-length", "0"}, {"content-range", "bytes */10"}})) == 0);
  world.host.state().files.clear();
  ask(world.alice);
  REQUIRE(world.host.state().files.size() == 1);
  CHECK(world.host.state().files.back().kind == "copy");
  CHECK(world.host.state().files.back().digest == digest);
  CHECK(world.host.sent(world.alice).empty());
  world.say(HL_OK, "10 " + digest);
  const std::string path = link(world.alice);
  world.host.state().files.clear();
  CHECK(world.status(world.put(path, {{"content-length", "0"}, {"content-range", "bytes */10"}})) == 201);
  CHECK(world.host.state().files.empty());
  CHECK(world.get(path).status == 200);
  // Whoever does not ask first and puts it all the same is told at once that it is there.
  ask(world.alice);
  world.say(HL_OK, "10 " + digest);
  const std::string other = link(world.alice);
  CHECK(world.status(world.put(other)) == 201);
  CHECK(world.status(world.put(other)) == 409);
  // And when the bytes have gone meanwhile it is a slot like others.
  ask(world.alice);
  world.say(HL_E_GONE, "");
  const hl_request late = world.put(link(world.alice));
  world.say(HL_OK, "10 " + digest);
  CHECK(world.status(late) == 201);
}
