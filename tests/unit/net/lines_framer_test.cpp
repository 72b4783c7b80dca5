// Lines (net/lines_framer.h).
#include <doctest/doctest.h>

#include "framer_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::vector<std::string> lines_of(std::string_view bytes, std::size_t chunk = 0) {
  Wire wire;
  wire.limits.line_bytes_max = 10;
  const auto framer = wire.framer(FramerKind::lines);
  return events_of(*framer, bytes, chunk);
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("lines: a line ends with LF or CR LF, in any pieces") {
  const Events expected = {"line a",        "line ",           "line b",         "line c\rd",
                           "line \xc3\xa4", "line 0123456789", "line 0123456789"};
  for (const std::size_t chunk : {0, 1, 2, 3, 5}) {
    CHECK(lines_of("a\n\nb\r\nc\rd\n\xc3\xa4\n0123456789\n0123456789\r\nrest", chunk) == expected);
  }
}

TEST_CASE("lines: a line that is too long is an error at its first byte too many") {
  const Events expected = {"error policy-violation: more than 10 bytes in one line"};
  for (const std::size_t chunk : {0, 1, 3, 11}) {
    CHECK(lines_of("0123456789x", chunk) == expected);
    CHECK(lines_of("0123456789\rx\n", chunk) == expected);
    CHECK(lines_of("0123456789\r\r\n", chunk) == expected);
    CHECK(lines_of("0123456789", chunk).empty());
    CHECK(lines_of("0123456789\r", chunk).empty());
  }
}

TEST_CASE("lines: a line that is not UTF-8 is an error, and nothing follows it") {
  CHECK(lines_of("\xff\nb\n") == Events{"error not-well-formed: the bytes are not UTF-8"});
}

TEST_CASE("lines: what is written ends with LF") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::lines);
  std::string out;
  framer->write_open("id", "localhost", "en", out);
  CHECK(out.empty());
  framer->write_line("a", out);
  framer->write_element("<b/>", out);
  framer->write_close("policy-violation", "too long", true, out);
  CHECK(out == "a\n<b/>\nerror policy-violation: too long\n");
}

TEST_CASE("lines: an unfinished line is known and forgotten by a restart") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::lines);
  events_of(*framer, "abc");
  CHECK(framer->has_partial());
  framer->restart();
  CHECK_FALSE(framer->has_partial());
  CHECK(events_of(*framer, "d\n") == Events{"line d"});
}
