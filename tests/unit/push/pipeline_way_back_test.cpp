// Where a rollback leads: to what was live before, and never to a build that was gone back from already.
#include <algorithm>

#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

namespace {

constexpr const char* alone = "faulty 1.0.0 current";
constexpr const char* one_left = "faulty 2.0.0 left, faulty 1.0.0 current";

// `faulty` 1.0.0; its other builds are each a 2.0.0 of their own.
struct Left : PushedWorld {
  Left() : PushedWorld({.is_on = false}) { REQUIRE(push(faulty("right")).outcome == "live"); }

  PushOutcome roll_back(const std::string& to = {}) {
    return pipeline.rollback("faulty", to, {.user = "anna"});
  }
  std::string refusal(const std::string& to = {}) {
    const PushOutcome out = roll_back(to);
    return out.refusals.empty() ? out.outcome : out.refusals.front().reason;
  }
  std::string current() {
    for (const GenerationReport& report : pipeline.generations())
      if (report.state == "current") return report.build_id;
    return {};
  }
  // Pushes that build and answers its id.
  std::string go_on_to(const std::string& wrong) {
    REQUIRE(push(faulty(wrong)).outcome == "live");
    return current();
  }
};

// `good` 2.0.0 serves a share, for as long as nobody decides.
void begin_canary(PushedWorld& world) {
  const PushOutcome begun = world.pipeline.push({.files = {fixture("good_next", "good-2.0.0")},
                                                 .by = {.user = "anna"},
                                                 .canary = {.shares = {500}, .hold_ms = 3'600'000}});
  REQUIRE(begun.outcome == "canary");
}

}  // namespace

TEST_CASE_FIXTURE(Left, "way back: a second rollback does not lead to what the first one left") {
  const std::string good = current();
  go_on_to("leaks");
  REQUIRE(roll_back().outcome == "live");
  CHECK(loaded() == one_left);
  CHECK(has(refusal(), "no generation before 1.0.0 is loaded"));
  go_on_to("throws_in_call");
  CHECK(loaded() == "faulty 2.0.0 current, faulty 1.0.0 previous, faulty 2.0.0 left");
  REQUIRE(roll_back().outcome == "live");
  CHECK(current() == good);
  CHECK(has(refusal(), "what is loaded before 1.0.0 was left already"));
  CHECK(current() == good);
}

TEST_CASE_FIXTURE(Left, "way back: it is the same after a restart") {
  go_on_to("leaks");
  REQUIRE(roll_back().outcome == "live");
  const std::string last = go_on_to("throws_in_call");
  pipeline.close();
  PushedWorld next({.is_on = false}, directory);
  REQUIRE(next.pipeline.start({}).has_value());
  CHECK(next.loaded() == "faulty 2.0.0 current, faulty 1.0.0 previous, faulty 2.0.0 left");
  REQUIRE(next.pipeline.rollback("faulty", {}, {.user = "anna"}).outcome == "live");
  CHECK(next.pipeline.rollback("faulty", {}, {.user = "anna"}).outcome == "refused");
  CHECK(next.loaded() == "faulty 2.0.0 left, faulty 1.0.0 current, faulty 2.0.0 left");
}

TEST_CASE_FIXTURE(Left,
                  "way back: the host's own goes past what was left, and ends where nothing is before") {
  const std::string good = current();
  go_on_to("leaks");
  REQUIRE(roll_back().outcome == "live");
  const std::string bad = go_on_to("throws_in_call");
  CHECK(pipeline.leave("faulty", bad, "two faults"));
  CHECK(current() == good);
  CHECK_FALSE(pipeline.leave("faulty", good, "two faults"));
  CHECK(current() == good);
}

TEST_CASE_FIXTURE(Left, "way back: what is blocked is refused by name as well, until it is not any more") {
  const std::string bad = go_on_to("throws_in_call");
  REQUIRE(pipeline.leave("faulty", bad, "two faults"));
  CHECK(has(refusal("2.0.0"), "version 2.0.0 is blocked: two faults; `hotline blocklist remove "));
  CHECK(loaded() == one_left);
  REQUIRE(pipeline.blocklist().remove(bad).has_value());
  CHECK(roll_back("2.0.0").outcome == "live");
  CHECK(loaded() == "faulty 2.0.0 current, faulty 1.0.0 previous");
}

TEST_CASE_FIXTURE(Left, "way back: an operator's block of what is loaded takes it out of the way") {
  const std::string good = current();
  const std::string between = go_on_to("leaks");
  go_on_to("throws_in_call");
  REQUIRE(pipeline.block(between, {.user = "anna"}).has_value());
  REQUIRE(roll_back().outcome == "live");
  CHECK(current() == good);
}

TEST_CASE_FIXTURE(Left, "way back: what was left goes first, and the ways back stay") {
  const std::string good = current();
  go_on_to("leaks");
  REQUIRE(roll_back().outcome == "live");
  const std::string second = go_on_to("throws_in_call");
  go_on_to("null_write");
  CHECK(loaded() == "faulty 2.0.0 current, faulty 2.0.0 previous, faulty 1.0.0 resident");
  REQUIRE(roll_back().outcome == "live");
  CHECK(current() == second);
  REQUIRE(roll_back().outcome == "live");
  CHECK(current() == good);
}

TEST_CASE("way back: what only converts rows takes the place of no way back") {
  PushedWorld world({.is_on = false});
  REQUIRE(world.push(fixture("good")).outcome == "live");
  REQUIRE(world.push(fixture("good_next", "good-2.0.0")).outcome == "live");
  REQUIRE(world.pipeline.rollback("good", {}, {.user = "anna"}).outcome == "live");
  REQUIRE(world.push(fixture("good_patch", "good-1.0.1")).outcome == "live");
  REQUIRE(world.pipeline
              .push({.files = {fixture("good")},
                     .by = {.user = "anna", .reason = "it was right"},
                     .may_be_older = true})
              .outcome == "live");
  CHECK(world.loaded() == "good 1.0.0 current, good 1.0.1 previous, good 1.0.0 resident, good 2.0.0 left");
}

TEST_CASE("way back: what was left may be live again by its name, once") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  REQUIRE(world.push(fixture("good_next", "good-2.0.0")).outcome == "live");
  REQUIRE(world.pipeline.rollback("good", {}, {.user = "anna"}).outcome == "live");
  CHECK(world.loaded() == "good 2.0.0 left, good 1.0.0 current");
  CHECK(world.target.served.newer == std::vector<std::string>{"2.0.0"});
  REQUIRE(world.pipeline.rollback("good", "2.0.0", {.user = "anna"}).outcome == "live");
  CHECK(world.loaded() == "good 2.0.0 current, good 1.0.0 previous");
  CHECK(world.pipeline.rollback("good", "2.0.0", {.user = "anna"}).outcome == "refused");
}

TEST_CASE("way back: a rollback that leads nowhere leaves a canary alone") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  REQUIRE(world.push(faulty("right")).outcome == "live");
  begin_canary(world);
  const std::string before = world.loaded();
  const auto refused = [&](const std::string& module, const std::string& to) {
    return world.pipeline.rollback(module, to, {.user = "anna"}).outcome == "refused";
  };
  CHECK(refused("nosuch", ""));
  CHECK(refused("faulty", ""));
  CHECK(refused("faulty", "1.0.0"));
  CHECK(refused("good", "7.0.0"));
  CHECK(world.loaded() == before);
  CHECK(world.pipeline.rollback("good", "", {.user = "anna"}).outcome == "aborted");
  CHECK(world.pipeline.canary().state == "none");
}

TEST_CASE("promote: the history has who did not wait, and why") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  begin_canary(world);
  REQUIRE(world.pipeline.promote({.user = "bert", .reason = "it is a fix"}).has_value());
  const auto record = std::ranges::find(world.told, "promote 5 %");
  REQUIRE(record != world.told.end());
  const nlohmann::json json = nlohmann::json::parse(world.history[record - world.told.begin()]);
  CHECK(json["user"] == "bert");
  CHECK(has(json["reason"].get<std::string>(), "it is a fix"));
  CHECK(json["modules"][0]["to"] == "2.0.0");
  CHECK(world.told.back() == "push live");
}
