#include "control/json_text.h"

#include <doctest/doctest.h>

#include <string>

#include "control/edit_distance.h"

using hotline::parse_json_file;
using hotline::parse_json_message;

TEST_CASE("json: the line of a key is where it stands, whatever follows its value") {
  const auto document = parse_json_file("{\n\"a\": 1\n,\n\"b\": [\n10\n,{ \"c\":\n null\n} ] }\n", "x");
  REQUIRE(document.has_value());
  CHECK(document->line("a") == 2);
  CHECK(document->line("b") == 4);
  CHECK(document->line("b[0]") == 5);
  CHECK(document->line("b[1]") == 6);
  CHECK(document->line("b[1].c") == 6);
  CHECK(document->line("b[1].not_there") == 6);
  CHECK(document->line("nor_this") == 1);
}

TEST_CASE("json: nesting is bounded") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json_message(nested(hotline::json_depth_max)).has_value());
  const auto deeper = parse_json_message(nested(hotline::json_depth_max + 1));
  REQUIRE(!deeper);
  CHECK(deeper.error().message == "values are nested deeper than 32 levels");
  CHECK(!parse_json_message(nested(500'000)));
}

TEST_CASE("json: a message has no comments and no key twice") {
  CHECK(!parse_json_message("{} // end"));
  CHECK(!parse_json_message(R"({"a":1,"a":2})"));
  CHECK(!parse_json_message(R"({"a":{"b":1,"b":1}})"));
  CHECK(parse_json_message(R"({"a":{"b":1},"c":{"b":1}})").has_value());
}

TEST_CASE("json: bytes that are no UTF-8 are written as the replacement character") {
  CHECK(hotline::json_line({{"a", "\xff"}}) == "{\"a\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("edit distance: counts single steps and swaps") {
  CHECK(hotline::edit_distance("listen", "listen") == 0);
  CHECK(hotline::edit_distance("lisen", "listen") == 1);
  CHECK(hotline::edit_distance("idel", "idle") == 1);
  CHECK(hotline::edit_distance("", "abc") == 3);
  CHECK(!hotline::nearest_word("elephants", {"resume_seconds", "listen"}));
  CHECK(hotline::nearest_word("prot", {"port", "kind"}) == "port");
}
