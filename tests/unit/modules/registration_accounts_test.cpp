// Accounts by the operator's commands: what is kept of a password, and what goes with an account.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>

#include "registration/account_row.h"
#include "session/topics.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

using hotline::sdk::FakeHost;
using hotline::test::has;
namespace accounts = hotline::accounts;
namespace fake = hotline::sdk::fake;

namespace {

struct Commands {
  FakeHost host;
  Commands() { host.load(hl_module); }
  fake::Reply add(const std::string& account, const std::string& password) {
    return host.command("user.add", account,
                        R"({"account":")" + account + R"(","password":")" + password + "\"}");
  }
  fake::Reply passwd(const std::string& account, const std::string& password) {
    return host.command("user.passwd", account,
                        R"({"account":")" + account + R"(","password":")" + password + "\"}");
  }
  std::string row(const std::string& account) { return host.state().tables["accounts"][account]["scram"]; }
};

// What session is told, kept as rows of its own.
struct Told {
  explicit Told(const hl_host* host) : told_(hotline::sdk::Tables(host).open("told")) {}
  hotline::sdk::Status on_post(const hl_post_event& event) {
    return told_.put(hotline::sdk::view(event.account), std::to_string(event.topic), "told");
  }
  hotline::sdk::Table told_;
};
const hl_module_entry told_module = hotline::sdk::entry<Told>(
    "name session\nversion 1.0.0\nabi 1.0\nneeds hotline.table/1\ntable told volatile writes 1 reads 1\n"
    "accepts-posts registration\n");

// Whether the row proves this password, by both hashes.
bool proves(const std::string& bytes, const std::string& password) {
  const auto row = accounts::decode(bytes);
  if (!row) return false;
  for (const auto& [digest, verifier] :
       {std::pair(HL_DIGEST_SHA256, row->sha256), std::pair(HL_DIGEST_SHA1, row->sha1)}) {
    const std::string salted = fake::pbkdf2(digest, password, verifier.salt, row->iterations);
    if (fake::digest(digest, fake::hmac(digest, salted, "Client Key")) != verifier.stored_key) return false;
    if (fake::hmac(digest, salted, "Server Key") != verifier.server_key) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("account row: it reads back as it was written, and no other bytes do") {
  const std::string k32(32, 'k'), s32(32, 's'), k20(20, 'k'), s20(20, 's');
  accounts::AccountRow row{
      70'000, 1'393'268'400'000, {"0123456789abcdef", k32, s32}, {"fedcba9876543210", k20, s20}};
  const std::string bytes = accounts::encode(row);
  CHECK(bytes.size() == 152);
  const auto read = accounts::decode(bytes);
  REQUIRE(read);
  CHECK(read->iterations == 70'000);
  CHECK(read->created_wall_ms == 1'393'268'400'000);
  CHECK(read->sha256.salt == "0123456789abcdef");
  CHECK(read->sha256.stored_key == k32);
  CHECK(read->sha1.server_key == s20);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(accounts::decode(bytes.substr(0, size)));
  CHECK_FALSE(accounts::decode(bytes + "x"));
  CHECK_FALSE(accounts::decode(std::string(152, '\0')));
}

TEST_CASE("user.add: an account is made with verifiers of its password, which is kept nowhere") {
  Commands f;
  const fake::Reply reply = f.add("alice@localhost", "correct horse");
  CHECK_FALSE(reply.is_refusal);
  CHECK(reply.text == R"({"account":"alice@localhost"})");
  CHECK(proves(f.row("alice@localhost"), "correct horse"));
  CHECK_FALSE(proves(f.row("alice@localhost"), "correct horsf"));
  CHECK(accounts::decode(f.row("alice@localhost"))->iterations == 4096);
  CHECK_FALSE(has(f.row("alice@localhost"), "correct horse"));
  CHECK(f.host.state().tables["registration_pending"].empty());
  for (const std::string& line : f.host.log) CHECK_FALSE(has(line, "correct horse"));
  CHECK(f.host.state().counters["registration.accounts_added"] == 1);
}

TEST_CASE(
    "user.add: the password is in no row while its keys are derived, and a push in between loses nothing") {
  Commands f;
  const hl_command_event event{sizeof event,
                               0,
                               77,
                               hotline::sdk::str("user.add"),
                               hotline::sdk::str("a@localhost"),
                               hotline::sdk::str(R"({"account":"a@localhost","password":"correct horse"})")};
  REQUIRE(f.host.command_event(event) == HL_OK);
  CHECK(f.host.state().work.size() == 2);
  for (const auto& [key, bytes] : f.host.state().tables["registration_pending"]["a@localhost"])
    CHECK_FALSE(has(bytes, "correct horse"));
  for (const fake::Work& work : f.host.state().work) CHECK_FALSE(has(work.token, "correct horse"));
  f.host.renew();
  f.host.run();
  CHECK_FALSE(f.host.state().replies.at(77).is_refusal);
  CHECK(proves(f.row("a@localhost"), "correct horse"));
}

TEST_CASE("user.add: two accounts of one password share no salt and no key") {
  Commands f;
  f.add("a@localhost", "same");
  f.add("b@localhost", "same");
  const std::string a = f.row("a@localhost"), b = f.row("b@localhost");
  const auto row_a = accounts::decode(a), row_b = accounts::decode(b);
  CHECK(row_a->sha256.salt != row_b->sha256.salt);
  CHECK(row_a->sha256.salt != row_a->sha1.salt);
  CHECK(row_a->sha256.stored_key != row_b->sha256.stored_key);
}

TEST_CASE("user.add: iterations are the operator's, and never fewer than the RFC's") {
  Commands f;
  f.host.numbers["iterations"] = 5000;
  f.add("a@localhost", "x");
  CHECK(accounts::decode(f.row("a@localhost"))->iterations == 5000);
  f.host.numbers["iterations"] = 1;
  f.add("b@localhost", "x");
  CHECK(accounts::decode(f.row("b@localhost"))->iterations == 4096);
}

TEST_CASE("user.add: what cannot be an account is refused with the way out") {
  Commands f;
  CHECK(has(f.add("localhost", "x").text, "NAME@localhost is"));
  CHECK(has(f.add("a@localhost/phone", "x").text, "NAME@localhost is"));
  CHECK(has(f.add("Alice@localhost", "x").text, "`alice@localhost`"));
  CHECK(has(f.add("a@elsewhere", "x").text, "serves localhost"));
  CHECK(has(f.add("a b@localhost", "x").text, "is not an account's address"));
  CHECK(f.add("a@localhost", "").is_refusal);
  CHECK(f.add("a@localhost", "bell\\u0007").is_refusal);
  CHECK(f.add("a@localhost", std::string(1024, 'x')).is_refusal);
  CHECK(f.host.command("user.add", "a@localhost", R"({"account":"a@localhost"})").is_refusal);
  CHECK(f.host.state().tables["accounts"].empty());
  f.add("a@localhost", "x");
  const fake::Reply again = f.add("a@localhost", "y");
  CHECK(again.is_refusal);
  CHECK(has(again.text, "exists already"));
  CHECK(proves(f.row("a@localhost"), "x"));
}

TEST_CASE("user.add: of two at once for one name, one makes it") {
  Commands f;
  for (const std::uint64_t number : {91u, 92u}) {
    const hl_command_event event{sizeof event,
                                 0,
                                 number,
                                 hotline::sdk::str("user.add"),
                                 hotline::sdk::str("a@localhost"),
                                 hotline::sdk::str(R"({"account":"a@localhost","password":"x"})")};
    REQUIRE(f.host.command_event(event) == HL_OK);
  }
  f.host.run();
  CHECK_FALSE(f.host.state().replies.at(91).is_refusal);
  CHECK(f.host.state().replies.at(92).is_refusal);
}

TEST_CASE("user.add: too many at once is said, and leaves nothing behind") {
  Commands f;
  for (const std::int64_t room : {0, 1}) {
    f.host.numbers["fake.work_max"] = room;
    CHECK(has(f.add("a@localhost", "x").text, "try again"));
    CHECK(f.host.state().tables["registration_pending"].empty());
    CHECK(f.host.state().tables["accounts"].empty());
  }
}

TEST_CASE("user.passwd: session is told, so that no token outlives the password, and not of a new account") {
  Commands f;
  f.host.load(told_module);
  f.add("a@localhost", "x");
  CHECK(f.host.state().tables["told"].empty());
  f.passwd("a@localhost", "y");
  REQUIRE(f.host.state().tables["told"].size() == 1);
  CHECK(f.host.state().tables["told"]["a@localhost"].contains(
      std::to_string(hotline::session::topic::password_changed)));
}

TEST_CASE("user.passwd: the new password counts and the old one does not") {
  Commands f;
  CHECK(has(f.passwd("a@localhost", "x").text, "there is no account"));
  f.add("a@localhost", "old");
  CHECK_FALSE(f.passwd("a@localhost", "new").is_refusal);
  CHECK(proves(f.row("a@localhost"), "new"));
  CHECK_FALSE(proves(f.row("a@localhost"), "old"));
}

TEST_CASE("user.remove: row, mailbox and sessions go, and presence is told") {
  Commands f;
  CHECK(f.host.command("user.remove", "a@localhost", "{}").is_refusal);
  f.add("a@localhost", "x");
  f.add("b@localhost", "x");
  const hl_session session = f.host.login("a@localhost", "phone");
  const hl_session other = f.host.login("b@localhost", "phone");
  f.host.state().mailboxes["a@localhost"][1] = {"<message></message>", 0, 0, 0, 0};
  const hl_command_event event{
      sizeof event,           0, 55, hotline::sdk::str("user.remove"), hotline::sdk::str("a@localhost"),
      hotline::sdk::str("{}")};
  REQUIRE(f.host.command_event(event) == HL_OK);
  CHECK(f.host.state().replies.at(55).text == R"({"account":"a@localhost"})");
  CHECK_FALSE(f.host.state().tables["accounts"].contains("a@localhost"));
  CHECK(f.host.state().tables["accounts"].contains("b@localhost"));
  CHECK_FALSE(f.host.state().mailboxes.contains("a@localhost"));
  CHECK(f.host.state().sessions.at(session).error == "not-authorized");
  CHECK_FALSE(f.host.state().sessions.at(other).has_ended);
  REQUIRE(f.host.state().posts.size() == 8);  // The modules that have something to forget.
  CHECK(f.host.state().posts[0].module == "presence");
  CHECK(f.host.state().posts[1].module == "groups");
  CHECK(f.host.state().posts[2].module == "privacy");
  CHECK(f.host.state().posts[3].module == "profile");
  CHECK(f.host.state().posts[4].module == "push_notify");
  CHECK(f.host.state().posts[5].module == "media_link");
  CHECK(f.host.state().posts[6].module == "archive");
  CHECK(f.host.state().posts[7].module == "session");
  for (const auto& post : f.host.state().posts) CHECK(post.account == "a@localhost");
}

TEST_CASE("user.remove: where presence cannot be told, nothing is removed") {
  Commands f;
  f.add("a@localhost", "x");
  f.host.numbers["fake.posts_max"] = 0;
  CHECK(f.host.command("user.remove", "a@localhost", "{}").is_refusal);
  CHECK(proves(f.row("a@localhost"), "x"));
}

TEST_CASE("user.list: the shard's accounts are listed") {
  Commands f;
  CHECK(f.host.command("user.list", "", "{}").text == R"({"accounts":[]})");
  f.add("a@localhost", "x");
  f.add("b@localhost", "x");
  CHECK(f.host.command("user.list", "", "{}").text == R"({"accounts":["a@localhost","b@localhost"]})");
}
