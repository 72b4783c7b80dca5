// Frames: what a report writes is what symbolize reads.
#include "push/frame.h"

#include <doctest/doctest.h>

#include <string>

using namespace hotline;

TEST_CASE("frame: what is written is read again, out of the middle of a line") {
  const Frame frame{"routing", 0x1a2b, "5f2c0a7d5f2c0a7d"};
  CHECK(frame.text() == "routing+0x1a2b [5f2c0a7d5f2c0a7d]");
  const std::string line = "routing 1.3.0 raised SIGSEGV in f(int) (" + frame.text() + "), then " +
                           Frame{"presence", 1, "00ff"}.text();
  std::string_view rest = line;
  const std::optional<Frame> first = take_frame(rest), second = take_frame(rest);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->module == "routing");
  CHECK(first->offset == 0x1a2b);
  CHECK(first->build_id == "5f2c0a7d5f2c0a7d");
  CHECK(second->module == "presence");
  CHECK(!take_frame(rest));
}

TEST_CASE("frame: what only looks like one is none") {
  for (const char* const text :
       {"", "routing+0x", "routing+0x12", "routing+0x12 [", "routing+0x12 []", "routing+0x12 [xyz]",
        "+0x12 [00ff]", "routing+0x12[00ff]", "a+0x11111111111111111111 [00ff]"}) {
    CAPTURE(text);
    std::string_view rest = text;
    CHECK(!take_frame(rest));
  }
}
