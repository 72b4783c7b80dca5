// What the manual's cookbook prints does what it says.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "polls.h"
#include "rows.h"

namespace {

using Convert = std::optional<std::string> (*)(std::string_view, std::uint32_t, std::uint32_t,
                                               std::string_view);

// As preflight has it: a row of the older schema goes up and comes back as the same bytes.
void up_and_down(Convert convert, std::uint32_t older, std::uint32_t newer,
                 std::initializer_list<const char*> rows) {
  for (const char* const row : rows) {
    CAPTURE(row);
    std::optional<std::string> value = row;
    for (std::uint32_t at = older; at < newer && value; ++at) value = convert("polls", at, at + 1, *value);
    REQUIRE(value);
    for (std::uint32_t at = newer; at > older && value; --at) value = convert("polls", at, at - 1, *value);
    REQUIRE(value);
    CHECK(*value == row);
  }
}

void refuses(Convert convert, std::uint32_t from, std::uint32_t to, std::initializer_list<const char*> rows) {
  for (const char* const row : rows) {
    CAPTURE(row);
    CHECK(!convert("polls", from, to, row));
  }
}

}  // namespace

TEST_CASE("cookbook: a new field") {
  using cookbook::new_field::convert;
  up_and_down(convert, 1, 2, {"0", "7", "18446744073709551615"});
  CHECK(convert("polls", 1, 2, "7") == "7 0");
  CHECK(convert("polls", 2, 1, "7 1393268400000") == "7");
  refuses(convert, 1, 2, {"", "x", "7 0"});
  refuses(convert, 2, 1, {"", "7", "x 0"});
  refuses(convert, 1, 3, {"7"});
}

TEST_CASE("cookbook: a changed meaning") {
  using cookbook::changed_meaning::convert;
  up_and_down(convert, 2, 3, {"0", "60", "18446744073709551"});
  CHECK(convert("polls", 3, 2, "60999") == "60");
  refuses(convert, 2, 3, {"", "x", "18446744073709552"});
}

TEST_CASE("cookbook: a removed field") {
  using cookbook::removed_field::convert;
  up_and_down(convert, 3, 4, {"7 red", "7 ", "7 dark blue"});
  CHECK(convert("polls", 4, 3, "7") == "7 blue");
  refuses(convert, 3, 4, {"", "7", "x red"});
}

TEST_CASE("cookbook: two steps") {
  using cookbook::two_steps::convert;
  up_and_down(convert, 1, 3, {"0", "7"});
  up_and_down(convert, 2, 3, {"7 60"});
  CHECK(convert("polls", 2, 3, "7 60") == "7 60000");
  refuses(convert, 2, 3, {"7", "7 x"});
}

TEST_CASE(
    "cookbook: a module does without what it wants, keeps to its configuration, and passes over a newer "
    "word") {
  const hl_module_entry entry = hotline::sdk::entry<cookbook::Polls>(cookbook::polls_manifest);
  for (const bool has_timers : {true, false}) {
    CAPTURE(has_timers);
    hotline::sdk::FakeHost host;
    host.numbers["votes_max"] = 1;
    if (!has_timers) host.missing.insert(HL_CAP_TIMER);
    host.load(entry);
    const hl_session alice = host.login("alice@localhost", "phone");
    const std::string vote = "<iq type='set' to='localhost' id='1'><vote xmlns='urn:example:polls'/></iq>";
    CHECK(host.stanza(alice, vote) == HL_OK);
    CHECK(host.sent(alice).back().find("type='result'") != std::string::npos);
    CHECK(host.state().timers["polls"].size() == (has_timers ? 1 : 0));
    CHECK(host.stanza(alice, vote) == HL_OK);
    CHECK(host.sent(alice).back().find("resource-constraint") != std::string::npos);
    CHECK(host.post("polls", "alice@localhost", 99, "of a newer one") == HL_OK);
    CHECK(host.post("polls", "alice@localhost", 2, "") == HL_OK);
    CHECK(host.state().tables["polls"].empty());
    CHECK(host.failed.empty());
  }
}

TEST_CASE("cookbook: a call of the host's that fails is answered, and charged to nobody") {
  const hl_module_entry entry = hotline::sdk::entry<cookbook::Polls>(cookbook::polls_manifest);
  hotline::sdk::FakeHost host;
  host.load(entry);
  const hl_session alice = host.login("alice@localhost", "phone");
  const auto before = host.state();
  for (const char* const call : {"table.put", "timer.set", "session.send"}) {
    std::uint64_t number = 0;
    do {
      host.state() = before;
      host.failing.let(++number);
      (void)host.stanza(alice, "<iq type='set' to='localhost' id='1'><vote xmlns='urn:example:polls'/></iq>");
      REQUIRE(host.failing.made >= number);
    } while (host.failing.call != call);
    CHECK_MESSAGE(host.failed.empty(), call);
  }
}
