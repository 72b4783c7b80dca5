#include "push/fault_point.h"

#include <doctest/doctest.h>

using namespace hotline;

TEST_CASE("fault point: nothing is armed unless one is named") {
  const Result<FaultPoint> none = FaultPoint::parse("");
  REQUIRE(none);
  CHECK_FALSE(none->is_armed());
  none->reach("push", "live");
}

TEST_CASE("fault point: a place that is not the armed one is passed by") {
  const Result<FaultPoint> armed = FaultPoint::parse("push.live:kill");
  REQUIRE(armed);
  CHECK(armed->is_armed());
  armed->reach("push", "stage");
  armed->reach("rollback", "live");
}

TEST_CASE("fault point: what is not known is refused, and what is known is named") {
  const Result<FaultPoint> place = FaultPoint::parse("push.lvie:kill");
  REQUIRE_FALSE(place);
  CHECK(place.error().message.find("`push.lvie`; there are push.verify, ") != std::string::npos);
  const Result<FaultPoint> action = FaultPoint::parse("push.live");
  REQUIRE_FALSE(action);
  CHECK(action.error().message.find("`:kill` or `:stop` is wanted") != std::string::npos);
}
