// The fake host, which every module's tests stand on, and the entry that the SDK makes of a class.
#define HL_MODULE_NAME "probe"
#define HL_MODULE_VERSION "1.2.3"
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <stdexcept>
#include <string>

using namespace hotline::sdk;

namespace {

// Does what the first word of a message's body says.
class Probe {
 public:
  explicit Probe(const hl_host* host)
      : sessions_(host), stanzas_(host), posts_(host), timers_(host), table_(Tables(host).open("notes")) {}

  Status on_stanza(const hl_stanza_event& event) {
    const std::string_view word = stanzas_.root(*event.stanza).child("body").text();
    const std::string_view account = view(event.account);
    require(table_.put(account, "last", word), "table.put");
    sessions_.send(event.session, "<message><body>done</body></message>");
    require(posts_.bytes("other@localhost", 7, word), "post.bytes");
    require(timers_.set(account, "later", 5000, word), "timer.set");
    if (word == "throw") throw std::runtime_error("asked to");
    if (word == "throw-int") throw 7;
    return word == "none" ? HL_E_NONE : HL_OK;
  }
  Status on_post(const hl_post_event& event) {
    return table_.put(view(event.account), "post", view(event.bytes));
  }
  Status on_timer(const hl_timer_event& event) {
    return table_.put(view(event.account), "timer", view(event.bytes));
  }
  static std::optional<std::string> convert(std::string_view, std::uint32_t from, std::uint32_t to,
                                            std::string_view row) {
    if (row.empty()) return std::nullopt;
    return from < to ? std::string(row) + "+" : std::string(row.substr(0, row.size() - 1));
  }

 private:
  Sessions sessions_;
  Stanzas stanzas_;
  Posts posts_;
  Timers timers_;
  Table table_;
};

HL_MANIFEST(
    "about Tests\n"
    "needs hotline.session/1\nneeds hotline.stanza/1\nneeds hotline.post/1\nneeds hotline.table/1\n"
    "needs hotline.timer/1\nwants hotline.log/1\n"
    "table notes durable writes 2 reads 1 2\n"
    "route message any\n");
constexpr hl_module_entry probe = entry<Probe>(hl_manifest_text);

std::string message(const std::string& word) {
  return "<message><body>" + word + "</body></message>";
}

}  // namespace

TEST_CASE("entry: a class that has no on_line gets no on_line") {
  CHECK_FALSE(bool(probe.on_line));
  CHECK_FALSE(bool(probe.self_test));
  CHECK(bool(probe.on_stanza));
  CHECK(bool(probe.convert));
  CHECK(std::string(probe.manifest).starts_with("name probe\nversion 1.2.3\nabi 1.0\n"));
}

TEST_CASE("entry: convert asks for room before it writes") {
  char out[4] = {'.', '.', '.', '.'};
  std::uint64_t size = 2;
  CHECK(probe.convert(str("notes"), 1, 2, str("ab"), out, &size) == HL_E_FULL);
  CHECK(size == 3);
  CHECK(out[0] == '.');
  size = 4;
  CHECK(probe.convert(str("notes"), 1, 2, str("ab"), out, &size) == HL_OK);
  CHECK(std::string(out, size) == "ab+");
  CHECK(probe.convert(str("notes"), 1, 2, str(""), out, &size) == HL_E_INVALID);
}

TEST_CASE("fake host: a call that answers HL_OK takes effect as a whole") {
  FakeHost host;
  host.load(probe);
  const hl_session alice = host.login("alice@localhost", "phone");
  CHECK(host.stanza(alice, message("note")) == HL_OK);
  CHECK(host.sent(alice).size() == 1);
  CHECK(host.state().tables["notes"]["alice@localhost"]["last"] == "note");
  host.run();
  CHECK(host.state().tables["notes"]["other@localhost"]["post"] == "note");
  host.advance(4999);
  CHECK_FALSE(host.state().tables["notes"]["alice@localhost"].contains("timer"));
  host.advance(1);
  CHECK(host.state().tables["notes"]["alice@localhost"]["timer"] == "note");
}

TEST_CASE("fake host: a call that faults leaves no trace but its log line") {
  FakeHost host;
  host.load(probe);
  const hl_session alice = host.login("alice@localhost", "phone");
  CHECK(host.stanza(alice, message("throw")) == HL_E_FAULT);
  CHECK(host.stanza(alice, message("throw-int")) == HL_E_FAULT);
  CHECK(host.stanza(alice, message("none")) == HL_E_NONE);
  CHECK(host.sent(alice).empty());
  CHECK(host.state().tables["notes"].empty());
  CHECK(host.state().posts.empty());
  CHECK(host.state().timers["probe"].empty());
  REQUIRE(host.log.size() == 2);
  CHECK(host.log[0] == "probe: on_stanza threw: asked to");
}

TEST_CASE("fake host: what the real one would charge as a fault is told, and no answer that it would not") {
  FakeHost host;
  host.load(probe);
  const hl_session alice = host.login("alice@localhost", "phone");
  (void)host.stanza(alice, message("note"));
  (void)host.stanza(alice, message("none"));
  CHECK(host.failed.empty());
  (void)host.stanza(alice, message("throw"));
  CHECK(host.failed == std::vector<Status>{HL_E_FAULT});
}

TEST_CASE("fake host: a self-test runs without an instance, and none is none") {
  FakeHost host;
  CHECK(host.self_test(probe) == HL_OK);
  hl_module_entry tested = probe;
  tested.self_test = [](const hl_host* its) {
    return its->capability(its, HL_CAP_TABLE) != nullptr && its->capability(its, HL_CAP_CLOCK) == nullptr
               ? HL_E_DENIED
               : HL_OK;
  };
  CHECK(host.self_test(tested) == HL_E_DENIED);
}

TEST_CASE("fake host: unloaded, a module is asked no more, and what it left stays") {
  FakeHost host;
  host.load(probe);
  const hl_session alice = host.login("alice@localhost", "phone");
  REQUIRE(host.stanza(alice, message("note")) == HL_OK);
  host.unload();
  CHECK(host.stanza(alice, message("note")) == HL_E_NONE);
  CHECK(host.state().tables["notes"]["alice@localhost"]["last"] == "note");
}

TEST_CASE("fake host: a capability the manifest does not name is not there") {
  hl_module_entry without = probe;
  without.manifest = "name probe\nversion 1.2.3\nabi 1.0\nneeds hotline.session/1\n";
  FakeHost host;
  CHECK(host.try_load(without) == HL_E_NONE);
}

TEST_CASE("fake host: nothing is missed when instances are made anew between two events") {
  FakeHost host;
  host.load(probe);
  const hl_session alice = host.login("alice@localhost", "phone");
  host.stanza(alice, message("kept"));
  host.renew();
  host.run();
  host.advance(5000);
  CHECK(host.state().tables["notes"]["other@localhost"]["post"] == "kept");
  CHECK(host.state().tables["notes"]["alice@localhost"]["timer"] == "kept");
}

TEST_CASE("fake host: its digests are the standards'") {
  const auto hex = [](const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += digits;
    }
    return out;
  };
  CHECK(hex(fake::digest(HL_DIGEST_SHA256, "abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(fake::digest(HL_DIGEST_SHA1, std::string(56, 'a'))) ==
        "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  // RFC 6070, second vector.
  CHECK(hex(fake::pbkdf2(HL_DIGEST_SHA1, "password", "salt", 2)) ==
        "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  // RFC 4231, test case 6: a key longer than a block.
  CHECK(hex(fake::hmac(HL_DIGEST_SHA256, std::string(131, '\xaa'),
                       "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
