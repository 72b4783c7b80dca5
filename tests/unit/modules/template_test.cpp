// The module to copy, and its test to copy.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <string>
#include <vector>

extern "C" const hl_module_entry hl_module;

using hotline::sdk::FakeHost;

namespace {

constexpr const char* question =
    "<iq type='get' to='localhost' id='1'><asked xmlns='urn:example:asked'/></iq>";

std::string answer(const std::string& user, int times) {
  return "<iq from='localhost' to='" + user +
         "' id='1' type='result'><asked xmlns='urn:example:asked' times='" + std::to_string(times) +
         "'></asked></iq>";
}

}  // namespace

TEST_CASE("template: each account is counted for itself, also across a push") {
  FakeHost host;
  host.load(hl_module);
  const hl_session alice = host.login("alice@localhost", "phone");
  const hl_session bob = host.login("bob@localhost", "phone");
  host.stanza(alice, question);
  host.stanza(alice, question);
  host.renew();
  host.stanza(alice, question);
  host.stanza(bob, question);
  CHECK(host.sent(alice).back() == answer("alice@localhost/phone", 3));
  CHECK(host.sent(bob) == std::vector{answer("bob@localhost/phone", 1)});
}

TEST_CASE("template: a row goes up and down, and a broken one nowhere") {
  std::string out(64, '\0');
  const auto convert = [&](std::uint32_t from, std::uint32_t to, std::string_view row) {
    std::uint64_t size = out.size();
    const hl_status status =
        hl_module.convert(hotline::sdk::str("asked"), from, to, hotline::sdk::str(row), out.data(), &size);
    return status == HL_OK ? out.substr(0, size) : std::string("refused");
  };
  CHECK(convert(1, 2, "7") == "7 0");
  CHECK(convert(2, 1, convert(1, 2, "7")) == "7");
  CHECK(convert(2, 1, "7 1393268400000") == "7");
  for (const std::string_view broken : {"", " ", "7", "7 ", "x 1", "7 1x"})
    CHECK(convert(2, 1, broken) == "refused");
  CHECK(convert(1, 2, "x") == "refused");
}
