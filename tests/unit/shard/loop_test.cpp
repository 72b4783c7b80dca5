// A shard's thread: it starts, is woken, runs timers and turns, and stops.
#include "shard/loop.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>

namespace hotline::test {
namespace {

using namespace std::chrono_literals;

// Signals what it was called for. Its numbers are the loop's thread's, read after the loop has stopped.
struct RecordedWork final : ShardWork {
  void take_inbox() override {
    ++inboxes;
    if (at_inbox) at_inbox();
  }
  void run_timers() override {
    ++timers;
    timer_us = UINT64_MAX;
    if (at_timer) at_timer();
  }
  std::uint64_t next_timer_us() override { return timer_us; }
  bool end_turn() override {
    ++turns;
    return at_turn && at_turn();
  }
  int inboxes = 0, timers = 0, turns = 0;
  std::uint64_t timer_us = UINT64_MAX;
  std::function<void()> at_inbox, at_timer;
  std::function<bool()> at_turn;
};

struct LoopFixture {
  SystemClock clock;
  Safepoint safepoint{1, clock};
  Loop loop{0, clock, safepoint};
  RecordedWork work;
};

TEST_CASE_FIXTURE(LoopFixture, "loop: a wake-up takes the inbox and ends the turn") {
  std::promise<std::thread::id> woken;
  work.at_inbox = [&, done = false]() mutable {
    if (!std::exchange(done, true)) woken.set_value(std::this_thread::get_id());
  };
  REQUIRE(loop.start(work));
  loop.wake();
  std::future<std::thread::id> thread = woken.get_future();
  REQUIRE(thread.wait_for(60s) == std::future_status::ready);
  CHECK(thread.get() != std::this_thread::get_id());
  loop.stop([] {});
  CHECK(work.inboxes >= 1);
  CHECK(work.turns >= 1);
  CHECK(loop.turns() >= 1);
}

TEST_CASE_FIXTURE(LoopFixture, "loop: a timer that comes up is run, and not before its time") {
  const std::uint64_t at_us = clock.mono_us() + 5'000;
  std::promise<std::uint64_t> ran;
  work.timer_us = at_us;
  work.at_timer = [&] { ran.set_value(clock.mono_us()); };
  REQUIRE(loop.start(work));
  std::future<std::uint64_t> when = ran.get_future();
  REQUIRE(when.wait_for(60s) == std::future_status::ready);
  CHECK(when.get() >= at_us);
  loop.stop([] {});
  CHECK(work.timers == 1);
}

TEST_CASE_FIXTURE(LoopFixture, "loop: while there is more to do it goes on by itself") {
  std::promise<void> done;
  work.at_turn = [&] {
    if (work.turns == 5) done.set_value();
    return work.turns < 5;
  };
  REQUIRE(loop.start(work));
  loop.wake();
  REQUIRE(done.get_future().wait_for(60s) == std::future_status::ready);
  loop.stop([] {});
}

TEST_CASE_FIXTURE(LoopFixture,
                  "loop: stopping runs the last call on the loop's thread, and again is nothing") {
  std::thread::id where;
  REQUIRE(loop.start(work));
  loop.stop([&] { where = std::this_thread::get_id(); });
  CHECK(where != std::thread::id());
  CHECK(where != std::this_thread::get_id());
  loop.stop([&] { FAIL("it has stopped"); });
  // A shard that has stopped holds nobody up.
  CHECK(safepoint.run([] {}, {.attempt_us = 1'000, .deadline_us = 1'000'000}).swapped);
}

}  // namespace
}  // namespace hotline::test
