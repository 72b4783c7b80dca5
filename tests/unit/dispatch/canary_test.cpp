// A candidate serves a share of the accounts beside what is current, in a whole host: who is served by which,
// what the gate does, and what a restart comes back on.
#include <doctest/doctest.h>

#include <algorithm>

#include "push/canary_share.h"
#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

// Says by `who` which version serves an account, and by post whether an event ends where it began.
struct Served {
  sim::SimWorld world{{.seed = 1,
                       .shards = 2,
                       .accounts = {},
                       .modules = {HOTLINE_SERVED_DIR "/served-1.0.0.so"},
                       .limits = {},
                       .listener = {.name = "served", .framer = FramerKind::lines, .needs_tls = false}}};
  std::vector<std::string> ended;

  PushOutcome push(const std::string& version, const CanaryPlan& plan) {
    return world.pipeline().push(
        {.files = {std::string(HOTLINE_SERVED_DIR) + "/served-" + version + ".so"},
         .by = {.user = "test"},
         .canary = plan},
        {.ended = [this](const PushOutcome& outcome) { ended.push_back(outcome.outcome); }});
  }
  std::string ask(const std::string& command, const std::string& account) {
    const std::vector<Host::Answer> answers = world.command(command, account, "{}");
    return answers.size() == 1 ? answers.front().json : "no answer";
  }
  std::string who(const std::string& account) { return ask("served.who", account); }
  // Calls until the pipeline has looked often enough; the accounts are asked all the while.
  void pass_ms(std::uint64_t ms, const std::vector<std::string>& accounts, const std::string& command) {
    // A question takes time too.
    for (const std::uint64_t until_us = world.clock.mono_us() + ms * 1'000;
         world.clock.mono_us() < until_us;) {
      for (const std::string& account : accounts) ask(command, account);
      world.clock.advance_us(100'000);
      world.settle();
      world.pipeline().tick();
    }
  }
  std::uint64_t notes_in_schema(std::uint32_t schema) {
    std::uint64_t rows = 0;
    const std::uint32_t table = world.host().world().tables->number("notes");
    for (std::uint32_t i = 0; i < world.host().shard_count(); ++i)
      for (const RowCensus::Count& count : world.host().shard(i).rows.figures(table).schemas)
        if (count.schema == schema) rows += count.rows;
    return rows;
  }
  std::string current() {
    for (const GenerationReport& report : world.pipeline().generations())
      if (report.state == "current") return report.version;
    return {};
  }
};

std::vector<std::string> people(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("u" + std::to_string(i) + "@localhost");
  return names;
}

TEST_CASE("canary share: sticky, growing, and about as large as it says") {
  CanaryShare share{.seed = 7, .share = 500, .named = {"named@localhost"}};
  int in = 0, lost = 0;
  for (const std::string& name : people(20'000)) {
    share.share = 500;
    const bool is_in = share.has(name);
    in += is_in ? 1 : 0;
    share.share = 2'500;
    lost += is_in && !share.has(name) ? 1 : 0;
  }
  CHECK(in > 850);
  CHECK(in < 1'150);
  CHECK(lost == 0);
  share.share = 0;
  CHECK(share.has("named@localhost"));
  CHECK_FALSE(share.has("other@localhost"));
  share.share = CanaryShare::whole;
  CHECK(share.has("other@localhost"));
  CHECK_FALSE(share.has(""));  // Nobody yet.
  CHECK(share.text() == "100 %");
  CHECK(CanaryShare{.share = 25}.text() == "0.25 %");
}

TEST_CASE_FIXTURE(Served,
                  "canary: named accounts are served by the candidate, all others by what is current") {
  CHECK(push("1.1.0", {.shares = {0}, .accounts = {"anna@localhost"}}).outcome == "canary");
  CHECK(who("anna@localhost") == "1.1.0");
  CHECK(who("bert@localhost") == "1.0.0");
  REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
  CHECK(who("anna@localhost") == "1.0.0");
  CHECK(ended == std::vector<std::string>{"aborted"});
}

TEST_CASE_FIXTURE(Served, "canary: a good candidate goes from share to share, and live") {
  const std::vector<std::string> all = people(40);
  CHECK(push("1.1.0", {.shares = {5'000, 10'000}, .hold_ms = 4'000}).outcome == "canary");
  const auto served = [&] {
    return std::count_if(all.begin(), all.end(),
                         [this](const std::string& name) { return who(name) == "1.1.0"; });
  };
  const auto at_first = served();
  CHECK(at_first > 5);
  CHECK(at_first < 35);
  pass_ms(5'000, all, "served.who");
  CHECK(served() == 40);
  CHECK(current() == "1.0.0");
  pass_ms(5'000, all, "served.who");
  CHECK(current() == "1.1.0");
  CHECK(ended == std::vector<std::string>{"live"});
}

TEST_CASE_FIXTURE(
    Served, "canary: a candidate that fails its calls is taken back by itself, and each call is answered") {
  const std::vector<std::string> all = people(20);
  CHECK(push("1.2.0", {.shares = {5'000, 10'000}, .hold_ms = 60'000}).outcome == "canary");
  for (const std::string& name : all) CHECK(who(name) == "1.0.0");  // 1.2.0 fails, what is current answers.
  pass_ms(2'000, all, "served.who");
  CHECK(ended == std::vector<std::string>{"aborted"});
  CHECK(current() == "1.0.0");
  CHECK(world.pipeline().canary().state == "none");
}

TEST_CASE_FIXTURE(Served, "canary: paused it stays at its share, resumed it goes on") {
  const std::vector<std::string> all = people(40);
  push("1.1.0", {.shares = {5'000}, .hold_ms = 1'000});
  REQUIRE(world.pipeline().pause().has_value());
  pass_ms(5'000, all, "served.who");
  CHECK(world.pipeline().canary().state == "paused");
  REQUIRE(world.pipeline().resume().has_value());
  pass_ms(2'000, all, "served.who");
  CHECK(current() == "1.1.0");
}

TEST_CASE_FIXTURE(
    Served, "canary: a share that too few calls came to proves nothing: held for longer, then taken back") {
  push("1.1.0", {.shares = {5'000}, .hold_ms = 1'000});
  pass_ms(60'000, {}, "");
  CHECK(world.pipeline().canary().state == "canary");
  CHECK(world.pipeline().canary().says == std::vector<std::string>{"0 of 100 calls that are judged"});
  pass_ms(600'000, {}, "");
  CHECK(ended == std::vector<std::string>{"aborted"});
  CHECK(current() == "1.0.0");
}

TEST_CASE_FIXTURE(Served, "canary: another push is refused meanwhile, a rollback takes it back") {
  push("1.1.0", {.shares = {5'000}});
  CHECK(push("1.2.0", {}).outcome == "refused");
  CHECK(world.pipeline().rollback("served", "", {.user = "test"}).outcome == "aborted");
  CHECK(current() == "1.0.0");
}

TEST_CASE_FIXTURE(Served, "canary: what an event posts is handled by the set that began it") {
  push("1.1.0", {.shares = {0}, .accounts = {"anna@localhost"}});
  // Anna's event posts to bert, whose own events are the current version's: all of it is 1.1.0's.
  CHECK(ask("served.chain", "anna@localhost") != "");
  world.settle();
  CHECK(ask("served.seen", "bert@localhost") == "1.1.0>1.1.0");
  CHECK(ask("served.chain", "dora@localhost") != "");
  world.settle();
  CHECK(ask("served.seen", "bert@localhost") == "1.0.0>1.0.0");
}

TEST_CASE_FIXTURE(
    Served, "canary: each set reads the rows that the other wrote, and the rest waits until it is decided") {
  const std::vector<std::string> all = people(20);
  for (const std::string& name : all) ask("served.note", name);
  REQUIRE(push("2.0.0", {.shares = {0}, .accounts = {"u1@localhost", "bert@localhost"}}).outcome == "canary");
  world.settle();
  CHECK(ask("served.noted", "u1@localhost") == "2|1.0.0");
  CHECK(ask("served.noted", "u2@localhost") == "1|1.0.0");
  CHECK(notes_in_schema(2) == 1);
  // The candidate writes, and an event of somebody outside has the current one read it.
  CHECK(ask("served.note", "bert@localhost") == "noted");
  CHECK(ask("served.peek", "dora@localhost") == "posted");
  CHECK(ask("served.seen", "bert@localhost") == "1|2.0.0");
  REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
  world.settle();
  CHECK(notes_in_schema(2) == 0);
  CHECK(notes_in_schema(1) == 21);
  CHECK(ask("served.noted", "u1@localhost") == "1|1.0.0");
}

TEST_CASE_FIXTURE(
    Served, "canary: a restart in it, or behind one that was taken back, reads the rows that it wrote") {
  for (const std::string& name : people(5)) ask("served.note", name);
  for (const bool is_taken_back : {false, true}) {
    CAPTURE(is_taken_back);
    REQUIRE(push("2.0.0", {.shares = {0}, .accounts = {"u1@localhost"}}).outcome == "canary");
    world.settle();
    CHECK(ask("served.noted", "u1@localhost") == "2|1.0.0");
    world.clock.advance_us(10'000);
    world.settle();
    world.store.commit_all();
    if (is_taken_back) REQUIRE(world.pipeline().abort({.user = "test"}).has_value());
    world.crash(0);
    world.settle();
    CHECK(current() == "1.0.0");
    CHECK(ask("served.noted", "u1@localhost") == "1|1.0.0");
  }
}

TEST_CASE_FIXTURE(Served,
                  "canary: past a shard that is stuck it serves on, and is taken back at the next tick") {
  for (const std::string& name : people(5)) ask("served.note", name);
  REQUIRE(push("2.0.0", {.shares = {0}, .accounts = {"u1@localhost"}}).outcome == "canary");
  CHECK(ask("served.noted", "u1@localhost") == "2|1.0.0");
  world.barriers_missed = 2;
  CHECK(world.pipeline().promote({.user = "test"})->outcome == "refused");
  CHECK(world.pipeline().abort({.user = "test"})->outcome == "refused");
  CHECK(who("u1@localhost") == "2.0.0");
  CHECK(ask("served.noted", "u1@localhost") == "2|1.0.0");
  CHECK(ended.empty());
  world.pipeline().tick();
  CHECK(who("u1@localhost") == "1.0.0");
  CHECK(ask("served.noted", "u1@localhost") == "1|1.0.0");
  CHECK(ended == std::vector<std::string>{"aborted"});
}

TEST_CASE_FIXTURE(Served,
                  "canary: one that never came to serve has written nothing that others are refused for") {
  for (const std::string& name : people(5)) ask("served.note", name);
  for (const CanaryPlan& plan : {CanaryPlan{.shares = {5'000}}, CanaryPlan{}}) {
    world.barriers_missed = 1;
    CHECK(push("2.0.0", plan).outcome == "refused");
  }
  CHECK(push("1.1.0", {.gate_ms = 0}).outcome == "live");
  CHECK(ask("served.noted", "u1@localhost") == "1|1.0.0");
}

TEST_CASE_FIXTURE(Served, "canary: promoted, all rows are converted to what it writes") {
  for (const std::string& name : people(20)) ask("served.note", name);
  REQUIRE(push("2.0.0", {.shares = {0}, .accounts = {"u1@localhost"}}).outcome == "canary");
  REQUIRE(world.pipeline().promote({.user = "test"}).has_value());
  world.settle();
  CHECK(current() == "2.0.0");
  CHECK(notes_in_schema(2) == 20);
}

TEST_CASE_FIXTURE(
    Served,
    "canary: a build that is to be left because of its faults is taken back, candidate or provisional") {
  const auto build = [this](const std::string& state) {
    for (const GenerationReport& report : world.pipeline().generations())
      if (report.state == state) return report.build_id;
    return std::string();
  };
  push("1.1.0", {.shares = {5'000}});
  CHECK_FALSE(world.pipeline().leave("served", build("current"), "2 faults"));  // Nothing to go back to.
  CHECK(world.pipeline().leave("served", build("candidate"), "2 faults"));
  CHECK(ended == std::vector<std::string>{"aborted"});
  CHECK(push("1.1.0", {}).outcome == "refused");  // It is blocked now.
  CHECK(push("1.2.0", {.gate_ms = 60'000}).outcome == "live");
  CHECK(world.pipeline().leave("served", build("current"), "2 faults"));
  CHECK(current() == "1.0.0");
  CHECK(world.pipeline().canary().state == "none");
}

TEST_CASE_FIXTURE(Served,
                  "live: what was posted before the barrier ends where it began, and then that set goes") {
  // The post is under way: nobody had a turn since.
  world.host().command("served.chain", "anna@localhost", "{}", [](std::vector<Host::Answer>) {});
  const std::uint32_t home = world.host().world().home_of("anna@localhost");
  world.host().shard(home).take_inbox();
  CHECK(push("1.1.0", {}).outcome == "live");
  world.settle();
  CHECK(ask("served.seen", "bert@localhost") == "1.0.0>1.0.0");
  CHECK(who("bert@localhost") == "1.1.0");
}

TEST_CASE_FIXTURE(Served,
                  "gate: a push is provisional until it closes: a restart comes back on the one before") {
  CHECK(push("1.1.0", {.gate_ms = 10'000}).outcome == "live");
  CHECK(world.pipeline().canary().state == "provisional");
  world.crash(0);
  CHECK(current() == "1.0.0");
  CHECK(push("1.1.0", {.gate_ms = 10'000}).outcome == "live");
  pass_ms(11'000, people(3), "served.who");
  CHECK(world.pipeline().canary().state == "none");
  world.crash(0);
  CHECK(current() == "1.1.0");
}

TEST_CASE_FIXTURE(Served, "gate: a live push that fails its calls goes back by itself") {
  const std::vector<std::string> all = people(20);
  pass_ms(1'000, all, "served.who");
  CHECK(push("1.2.0", {.gate_ms = 60'000}).outcome == "live");
  pass_ms(3'000, all, "served.who");
  CHECK(current() == "1.0.0");
  CHECK(world.pipeline().totals().rollbacks == 1);
  CHECK(world.pipeline().canary().state == "none");
}

TEST_CASE_FIXTURE(Served, "gate: rolled back while provisional, a restart stays there") {
  push("1.1.0", {.gate_ms = 60'000});
  CHECK(world.rollback("served"));
  CHECK(world.pipeline().canary().state == "none");
  world.crash(0);
  CHECK(current() == "1.0.0");
}

}  // namespace
}  // namespace hotline::test
