#include "base/result.h"

#include <doctest/doctest.h>

#include <memory>

namespace hotline {
namespace {

TEST_CASE("result: holds the value, or the reason there is none") {
  Result<int> held = 7;
  REQUIRE(held.has_value());
  CHECK(*held == 7);
  *held = 8;
  CHECK(held.value() == 8);
  const Result<int> none = Error{"port 5222 is in use"};
  CHECK_FALSE(static_cast<bool>(none));
  CHECK(none.error().message == "port 5222 is in use");
}

TEST_CASE("result: a value that is text or cannot be copied is no different") {
  const Result<std::string> text = std::string("not an error");
  CHECK(text.has_value());
  CHECK(text->size() == 12);
  Result<std::unique_ptr<int>> owner = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(*owner);
  CHECK(*taken == 3);
}

TEST_CASE("result: one without a value says only whether it went well") {
  const Result<void> done;
  CHECK(done.has_value());
  const Result<void> failed = Error{"disk full"};
  CHECK_FALSE(failed.has_value());
  CHECK(failed.error().message == "disk full");
}

}  // namespace
}  // namespace hotline
