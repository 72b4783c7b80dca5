// Plan: what it says of a push, before anything changes.
#include "push/plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "unit/push/pushed_world.h"

using namespace hotline;
using namespace hotline::test;

TEST_CASE("plan: a module that was not there is new, and gains all it claims") {
  PushedWorld world;
  const PushPlan plan = world.plan(fixture("good"));
  CHECK(plan.is_hot);
  CHECK(plan.blockers.empty());
  CHECK(plan.barriers == 0);
  REQUIRE(plan.modules.size() == 1);
  CHECK(plan.modules[0].kind == "new module");
  CHECK(plan.modules[0].from.empty());
  CHECK(std::ranges::find(plan.modules[0].gained, "iq urn:example:good self") !=
        plan.modules[0].gained.end());
  CHECK(world.target.staged == 0);
  CHECK(world.history.empty());
}

TEST_CASE("plan: another build of the same is code only, with the pause that was measured last") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  const PushPlan plan = world.plan(fixture("good_patch", "good-1.0.1"));
  REQUIRE(plan.modules.size() == 1);
  CHECK(plan.modules[0].kind == "code only");
  CHECK(plan.modules[0].from == "1.0.0");
  CHECK(plan.modules[0].to == "1.0.1");
  CHECK(plan.modules[0].gained.empty());
  CHECK(plan.modules[0].lost.empty());
  CHECK(plan.barriers == 1);
  CHECK(plan.pause_us == 17);
}

TEST_CASE("plan: a schema step names the table, and what its conversion was proved on") {
  PushedWorld world;
  REQUIRE(world.push(fixture("good")).outcome == "live");
  world.target.rows = {{"good_rows", 1, "one"}};
  const PushPlan plan = world.plan(fixture("good_next", "good-2.0.0"));
  REQUIRE(plan.modules.size() == 1);
  CHECK(plan.modules[0].kind == "schema step");
  CHECK(plan.modules[0].gained == std::vector<std::string>{"iq urn:example:more any before-login"});
  REQUIRE(plan.modules[0].tables.size() == 1);
  CHECK(plan.modules[0].tables[0].name == "good_rows");
  CHECK(plan.modules[0].tables[0].from == 1);
  CHECK(plan.modules[0].tables[0].to == 2);
  CHECK(plan.modules[0].tables[0].way == "up and down proved on 1 live row");
  CHECK(world.target.lives == 1);
}

TEST_CASE("plan: a table more or less is a schema step") {
  PushedWorld world({.is_on = false});
  REQUIRE(world.push(fixture("good")).outcome == "live");
  const PushPlan loses = world.plan(fixture("gives_up", "good-4.0.0"));
  REQUIRE(loses.modules.size() == 1);
  CHECK(loses.modules[0].kind == "schema step");
  CHECK(std::ranges::find(loses.modules[0].lost, "table good_rows") != loses.modules[0].lost.end());
  REQUIRE(world.push(fixture("gives_up", "good-4.0.0")).outcome == "live");
  const PushPlan gains = world.plan(fixture("good_next", "good-2.0.0"));
  REQUIRE(gains.modules.size() == 1);
  CHECK(gains.modules[0].kind == "schema step");
}

TEST_CASE("plan: lines that nobody listens for are noted") {
  PushedWorld world({.is_on = false});
  const std::string file = std::string(HOTLINE_FIXTURE_DIR) + "/faulty_right/faulty-1.0.0.so";
  CHECK(std::ranges::any_of(world.plan(file).notes, [](const std::string& note) {
    return note.starts_with("faulty 1.0.0: no listener `faulty` of kind `lines` is configured");
  }));
  world.target.lines = {"faulty"};
  CHECK(world.plan(file).notes.empty());
}

TEST_CASE("plan: what stops it is named, and what needs another host is no matter of a push") {
  PushedWorld world;
  const PushPlan too_new = world.plan(fixture("abi_too_new"));
  CHECK_FALSE(too_new.is_hot);
  REQUIRE(too_new.blockers.size() == 1);
  CHECK(too_new.blockers[0].reason.find("ABI 9") != std::string::npos);
  REQUIRE(too_new.modules.size() == 1);
  CHECK(too_new.modules[0].kind == "needs a newer host");
  const PushPlan lacking = world.plan(fixture("missing_capability"));
  REQUIRE(lacking.modules.size() == 1);
  CHECK(lacking.modules[0].kind == "needs a newer host");
  const PushPlan unreadable = world.plan("/nowhere/x.so");
  CHECK(unreadable.modules.empty());
  CHECK_FALSE(unreadable.is_hot);
}

TEST_CASE("plan: keys that are set are told from defaults, and from those that nobody reads") {
  PushedWorld world;
  world.target.settings = {{"nobody_reads_this", "1"}};
  const PushPlan plan = world.plan(std::string(HOTLINE_MODULE_DIR) + "/registration-1.1.0.so");
  REQUIRE(plan.modules.size() == 1);
  const std::vector<PlannedKey>& config = plan.modules[0].config;
  REQUIRE(config.size() > 1);
  CHECK(config[0].name == "nobody_reads_this");
  CHECK(config[0].is_set);
  CHECK_FALSE(config[0].is_read);
  CHECK(std::ranges::any_of(config, [](const PlannedKey& key) { return !key.is_set && key.is_read; }));
}

TEST_CASE("plan: a push tells the same plan once, before it stages anything") {
  PushedWorld world;
  std::size_t told = 0;
  (void)world.pipeline.push({.files = {fixture("good")}, .by = {.user = "anna"}},
                            {.planned = [&](const PushPlan& plan) {
                              ++told;
                              CHECK(world.target.staged == 0);
                              CHECK(plan.modules.size() == 1);
                              CHECK(plan.is_hot);
                            }});
  CHECK(told == 1);
}

TEST_CASE("push: a table goes from one module to another in one set, the file that gives it up first") {
  PushedWorld world({.is_on = false});
  REQUIRE(world.push(fixture("good")).outcome == "live");
  const std::string gives_up = fixture("gives_up", "good-4.0.0"), takes_over = fixture("takes_over");
  CHECK(world.push(takes_over).outcome == "refused");
  const PushOutcome out = world.pipeline.push({.files = {gives_up, takes_over}, .by = {.user = "anna"}});
  CHECK_MESSAGE(out.outcome == "live", (out.refusals.empty() ? "" : out.refusals.front().reason));
}
