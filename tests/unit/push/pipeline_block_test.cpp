// Blocking a build that is loaded: whether a start needs it is told to who blocks it.
#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

namespace {

struct Blocker : PushedWorld {
  Blocker() { REQUIRE(push(fixture("good")).outcome == "live"); }

  PushOutcome push_next(const CanaryPlan& plan) {
    return pipeline.push(
        {.files = {fixture("good_next", "good-2.0.0")}, .by = {.user = "anna"}, .canary = plan});
  }
  // What is told to who blocks that version.
  std::string blocked(const std::string& version) {
    for (const GenerationReport& report : pipeline.generations())
      if (report.version == version) return *pipeline.block(report.build_id, {.user = "anna"});
    return "not loaded";
  }
};

}  // namespace

TEST_CASE_FIXTURE(Blocker, "block: of what is current it is told that a start is refused, and the way out") {
  CHECK(*pipeline.block("00112233445566778899", {.user = "anna"}) == "");
  CHECK(has(blocked("1.0.0"), "good 1.0.0 is current, and serves on: a start of the host is refused"));
  CHECK(has(blocked("1.0.0"), "push another version of good first"));
  REQUIRE(push_next({.gate_ms = 60'000}).outcome == "live");
  CHECK(blocked("1.0.0") == "");
  CHECK(has(blocked("2.0.0"), "push another version of good first"));  // The one before it is blocked, too.
}

TEST_CASE_FIXTURE(
    Blocker, "block: of what has raised a schema it is told before its gate closes and after it was left") {
  REQUIRE(push_next({.gate_ms = 60'000}).outcome == "live");
  CHECK(has(blocked("2.0.0"), "serves on: a start of the host is refused"));
  CHECK(has(blocked("2.0.0"), "`hotline rollback good` first"));
  REQUIRE(pipeline.rollback("good", {}, {.user = "anna"}).outcome == "live");
  CHECK(has(blocked("2.0.0"), "rows that it wrote are read through its code"));
}

TEST_CASE_FIXTURE(Blocker, "block: of what is provisional it is told from when on") {
  REQUIRE(pipeline
              .push({.files = {fixture("good_patch", "good-1.0.1")},
                     .by = {.user = "anna"},
                     .canary = {.gate_ms = 60'000}})
              .outcome == "live");
  CHECK(has(blocked("1.0.1"), "serves on: once its gate has closed, a start of the host is refused"));
}

TEST_CASE_FIXTURE(Blocker, "block: of what is in canary it is told that it goes on") {
  REQUIRE(push_next({.shares = {500}}).outcome == "canary");
  CHECK(has(blocked("2.0.0"), "good 2.0.0 is in canary, and goes on: as it writes a newer schema, a start"));
  CHECK(has(blocked("2.0.0"), "`hotline abort` first"));
  REQUIRE(pipeline.abort({.user = "anna"}).has_value());
  REQUIRE(pipeline
              .push({.files = {fixture("good_patch", "good-1.0.1")},
                     .by = {.user = "anna"},
                     .canary = {.shares = {500}}})
              .outcome == "canary");
  CHECK(has(blocked("1.0.1"), "good 1.0.1 is in canary, and goes on: once it is live, a start"));
}
