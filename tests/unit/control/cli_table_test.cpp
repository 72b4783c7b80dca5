#include <doctest/doctest.h>

#include <sstream>

#include "cli/table.h"
#include "cli/units.h"

using namespace hotline::cli;

TEST_CASE("table: columns are as wide as what is in them, numbers to the right") {
  Table table({{"module"}, {"calls", Table::Align::right}, {"p50", Table::Align::right}});
  table.add({"routing", "1,234", "0.8 µs"});
  table.add({"a", "7", "12 ms"});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() ==
        "module   calls     p50\n"
        "routing  1,234  0.8 µs\n"
        "a            7   12 ms\n");
}

TEST_CASE("table: a column that is empty in every row is left out, and no row ends in spaces") {
  Table table({{"a"}, {"b"}, {"c"}});
  table.add({"1", "", "x"});
  table.add({"2", "", ""});
  std::ostringstream out;
  table.print(out);
  CHECK(out.str() == "a  c\n1  x\n2\n");
}

TEST_CASE("table: what came from elsewhere cannot steer the terminal") {
  CHECK(printable("a\x1b[2Jb\nc\x7f") == "a [2Jb c ");
  CHECK(printable("\xc2\x9b"
                  "1m") == " 1m");
  CHECK(printable("é µ") == "é µ");
  CHECK(display_width("µs") == 2);
}

TEST_CASE("units: numbers are written for people") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1'234'567) == "1,234,567");
  CHECK(signed_count_text(-1'234) == "-1,234");
  CHECK(signed_count_text(INT64_MIN) == "-9,223,372,036,854,775,808");
  CHECK(counted(1, "push") == "1 push");
  CHECK(counted(2, "push") == "2 pushes");
  CHECK(counted(0, "message") == "0 messages");
  CHECK(bytes_text(812) == "812 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(1'048'576) == "1.0 MiB");
  CHECK(bytes_text(1'048'575) == "1.0 MiB");
  CHECK(bytes_text(67'108'864) == "64 MiB");
  CHECK(micros_text(0.0) == "0 µs");
  CHECK(micros_text(0.84) == "0.84 µs");
  CHECK(micros_text(8.4) == "8.4 µs");
  CHECK(micros_text(999.9) == "1.0 ms");
  CHECK(micros_text(12'300) == "12 ms");
  CHECK(micros_text(1'500'000) == "1.5 s");
  CHECK(micros_text(std::optional<double>()) == "");
  CHECK(duration_text(42) == "42 s");
  CHECK(duration_text(185) == "3 min 5 s");
  CHECK(duration_text(7'200) == "2 h");
  CHECK(duration_text(90'061) == "1 d 1 h");
  CHECK(rate_text(0) == "0/s");
  CHECK(rate_text(1'240.4) == "1,240/s");
  CHECK(share_text(0.231) == "23 %");
  CHECK(time_text(0) == "");
}
