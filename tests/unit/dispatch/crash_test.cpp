// The process dies at any moment and starts again on what the disk has: what was acknowledged to its sender
// is never lost.
#include <doctest/doctest.h>

#include "unit/dispatch/play.h"

namespace hotline::test {
namespace {

constexpr int crash_steps = 500;

TEST_CASE("crash: no message that was acknowledged to its sender is lost") {
  std::uint64_t crashes = 0, messages = 0, moves = 0;
  const std::vector<std::uint64_t> seeds = sim::seeds(100);
  for (const std::uint64_t seed : seeds) {
    sim::Play play(seed, sim::Play::Kind::crash);
    const std::string wrong = play.run(crash_steps);
    INFO("HOTLINE_SEED=" << seed);
    CHECK(wrong == "");
    crashes += play.crashes();
    messages += play.messages();
    moves += play.moves();
  }
  MESSAGE(messages << " messages, " << crashes << " crashes, " << moves << " moves");
  if (seeds.size() == 1) return;
  CHECK(crashes > seeds.size());
  CHECK(messages > 20 * seeds.size());
  CHECK(moves > seeds.size());
}

// The checks can fail: a disk that forgets what it confirmed is noticed.
TEST_CASE("crash: a disk that loses what it confirmed is noticed") {
  sim::SimWorld world(
      {.seed = 1,
       .shards = 1,
       .accounts = {"anna@localhost", "bert@localhost"},
       .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                   sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")}});
  sim::SimClient anna(world, "anna@localhost", "bert@localhost");
  const auto run = [&] {
    for (int i = 0; i < 20; ++i) {
      world.deliver(*anna.wire(), std::string::npos);
      world.settle();
      world.clock.advance_us(5'000);
      world.settle();
      world.store.commit_all();
      world.settle();
      anna.receive(std::string::npos);
    }
  };
  anna.connect(0);
  run();
  REQUIRE(anna.is_ready());
  anna.send_message();
  run();
  REQUIRE(anna.acknowledged() == std::vector<std::uint64_t>{1});
  CHECK(world.mailbox("bert@localhost").size() == 1);

  anna.forget_session();
  world.crash(0);
  CHECK(world.mailbox("bert@localhost").size() == 1);
  world.store.lose_last(1);
  world.crash(0);
  CHECK(world.mailbox("bert@localhost").empty());
}

}  // namespace
}  // namespace hotline::test
