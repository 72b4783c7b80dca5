// A barrier that some shard does not come to: nothing that serves is retired, and what was decided is done at
// the next.
#include <algorithm>

#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

namespace {

constexpr const char* current_alone = "good 1.0.0 current";
constexpr const char* in_canary = "good 1.0.0 current, good 2.0.0 candidate";
constexpr const char* went_live = "good 2.0.0 current, good 1.0.0 previous";
constexpr const char* went_back = "good 2.0.0 left, good 1.0.0 current";

// `good` 1.0.0, and over it 2.0.0, which writes a newer schema.
struct Stuck : PushedWorld {
  Stuck() { REQUIRE(push(fixture("good")).outcome == "live"); }

  PushOutcome push_next(const CanaryPlan& plan) {
    return pipeline.push(
        {.files = {fixture("good_next", "good-2.0.0")}, .by = {.user = "anna"}, .canary = plan},
        {.ended = [this](const PushOutcome& outcome) { ended.push_back(outcome.outcome); }});
  }
  void begin_canary(std::vector<std::uint32_t> shares) {
    REQUIRE(push_next({.shares = std::move(shares), .hold_ms = 4'000, .gate_ms = 0}).outcome == "canary");
    REQUIRE(loaded() == in_canary);
  }
  void go_provisional() {
    REQUIRE(push_next({.gate_ms = 3'600'000}).outcome == "live");
    REQUIRE(is_provisional());
    build_id = pipeline.generations().front().build_id;
  }
  bool is_provisional() { return pipeline.canary().state == "provisional"; }
  // So much later, with calls that went well.
  void tick_after_ms(std::uint64_t ms) {
    clock.ahead_us += ms * 1'000;
    target.calls += 1'000;
    pipeline.tick();
  }
  bool has_told(const std::string& what) const { return std::ranges::find(told, what) != told.end(); }

  std::vector<std::string> ended;
  std::string build_id;
};

}  // namespace

TEST_CASE_FIXTURE(Stuck, "barrier: a canary that nobody came to see begin leaves nothing behind") {
  target.misses = 1;
  CHECK(push_next({.shares = {500}}).outcome == "refused");
  CHECK(loaded() == current_alone);
  pipeline.close();
  PushedWorld next({}, directory);
  REQUIRE(next.pipeline.start({}).has_value());
  CHECK(next.loaded() == current_alone);
}

TEST_CASE_FIXTURE(Stuck, "barrier: a canary that cannot be promoted keeps its share, and can be again") {
  begin_canary({500});
  target.misses = 1;
  const Result<PushOutcome> missed = pipeline.promote({.user = "anna"});
  REQUIRE(missed.has_value());
  CHECK(missed->outcome == "refused");
  REQUIRE(missed->refusals.size() == 1);
  CHECK(has(missed->refusals[0].reason, "good 2.0.0 stays in canary with 5 %: the shards did not come"));
  CHECK(loaded() == in_canary);
  CHECK(target.served.candidate == std::vector<std::string>{"2.0.0"});
  CHECK(target.unstaged == 0);
  CHECK(pipeline.is_watching());
  const Result<PushOutcome> live = pipeline.promote({.user = "anna"});
  REQUIRE(live.has_value());
  CHECK(live->outcome == "live");
  CHECK(live->refusals.empty());
  CHECK(std::ranges::count(live->steps, "live", &PushStep::name) == 1);
  CHECK(loaded() == went_live);
  CHECK(ended == std::vector<std::string>{"live"});
  CHECK_FALSE(has_told("push refused"));
}

TEST_CASE_FIXTURE(Stuck, "barrier: a share that cannot grow stays as it is, and grows at the next look") {
  begin_canary({500, 2'500});
  target.misses = 1;
  tick_after_ms(4'100);
  CHECK(pipeline.canary().share == "5 %");
  CHECK(pipeline.canary().step == 1);
  CHECK(target.misses == 0);
  tick_after_ms(1'100);
  CHECK(pipeline.canary().share == "25 %");
  // And so does the last step, to all of them.
  target.misses = 1;
  tick_after_ms(4'100);
  CHECK(loaded() == in_canary);
  CHECK(pipeline.canary().share == "25 %");
  tick_after_ms(1'100);
  CHECK(loaded() == went_live);
  CHECK(ended == std::vector<std::string>{"live"});
}

TEST_CASE_FIXTURE(Stuck,
                  "barrier: a canary that cannot be taken back is at the next tick, and serves until then") {
  begin_canary({500});
  target.misses = 3;
  const Result<PushOutcome> missed = pipeline.abort({.user = "anna", .reason = "it looks odd"});
  REQUIRE(missed.has_value());
  CHECK(missed->outcome == "refused");
  CHECK(has(missed->refusals.at(0).reason, "it looks odd"));
  CHECK(loaded() == in_canary);
  CHECK(target.served.candidate == std::vector<std::string>{"2.0.0"});
  CHECK(ended.empty());
  CHECK(has(pipeline.canary().says.at(0), "it looks odd"));
  // It is decided: it neither goes live any more nor waits, and a rollback past it waits too.
  CHECK_FALSE(pipeline.promote({.user = "anna"}).has_value());
  const PushOutcome rollback = pipeline.rollback("good", "1.0.0", {.user = "anna"});
  CHECK(rollback.outcome == "refused");
  CHECK(has(rollback.refusals.at(0).reason, "taken back"));
  tick_after_ms(6'000);
  CHECK(loaded() == in_canary);
  CHECK(target.unstaged == 0);
  tick_after_ms(1);
  CHECK(loaded() == went_back);
  CHECK(target.served.candidate.empty());
  CHECK(target.served.newer == std::vector<std::string>{"2.0.0"});
  CHECK(ended == std::vector<std::string>{"aborted"});
  CHECK(has_told("push aborted"));
}

TEST_CASE("barrier: what is taken back and nobody needs is retired when the shards have left it") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  REQUIRE(world.pipeline
              .push({.files = {fixture("good_patch", "good-1.0.1")},
                     .by = {.user = "anna"},
                     .canary = {.shares = {500}}})
              .outcome == "canary");
  world.target.misses = 2;
  REQUIRE(world.pipeline.abort({.user = "anna"}).has_value());
  world.clock.ahead_us += 6'000'000;
  world.pipeline.tick();
  CHECK(world.target.unstaged == 0);
  world.pipeline.tick();
  CHECK(world.target.unstaged == 1);
  CHECK(world.loaded() == current_alone);
}

TEST_CASE_FIXTURE(Stuck, "barrier: a rollback or a disable that is not met leaves the push provisional") {
  go_provisional();
  target.misses = 2;
  CHECK(pipeline.rollback("good", {}, {.user = "anna"}).outcome == "refused");
  CHECK(is_provisional());
  CHECK(pipeline.disable("good", {.user = "anna"}).outcome == "refused");
  CHECK(is_provisional());
  CHECK(loaded() == went_live);
  CHECK(pipeline.rollback("good", {}, {.user = "anna"}).outcome == "live");
  CHECK_FALSE(is_provisional());
}

TEST_CASE_FIXTURE(
    Stuck, "barrier: a push that failed its gate goes back at the next tick, whatever the gate says then") {
  target.calls = 1'000;  // Good ones, of the version before it.
  go_provisional();
  target.faults["2.0.0"] = 500;
  target.misses = 2;
  tick_after_ms(1'100);
  CHECK(target.misses == 1);
  target.calls += 1'000'000;  // So many that it would be good.
  tick_after_ms(1);
  CHECK(target.misses == 0);
  CHECK(loaded() == went_live);
  CHECK(is_provisional());
  CHECK(std::ranges::count(told, "rollback refused") == 1);
  tick_after_ms(1);
  CHECK(loaded() == went_back);
  CHECK_FALSE(is_provisional());
  CHECK(told.back() == "rollback live");
}

TEST_CASE_FIXTURE(
    Stuck, "barrier: a build that is left for its faults is blocked at once, and left at the next tick") {
  go_provisional();
  target.misses = 1;
  CHECK(pipeline.leave("good", build_id, "2 faults within 60 s"));
  CHECK(pipeline.blocklist().entries()->size() == 1);
  CHECK(loaded() == went_live);
  tick_after_ms(1);
  CHECK(loaded() == went_back);
  CHECK(told.back() == "rollback live");
}

TEST_CASE_FIXTURE(Stuck, "barrier: a push goes back when the canary behind it has, and not before") {
  go_provisional();
  REQUIRE(pipeline
              .push({.files = {fixture("faulty_right", "faulty-1.0.0")},
                     .by = {.user = "anna"},
                     .canary = {.shares = {500}}})
              .outcome == "canary");
  target.misses = 1;
  CHECK(pipeline.leave("good", build_id, "2 faults within 60 s"));
  CHECK(target.served.current == std::vector<std::string>{"2.0.0"});
  CHECK(is_provisional() == false);  // The canary is what is told of.
  tick_after_ms(1);
  CHECK(loaded() == went_back);
  CHECK(told.back() == "rollback live");
}
