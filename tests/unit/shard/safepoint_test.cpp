// The barrier: with real threads, so that ThreadSanitizer may look.
#include "shard/safepoint.h"

#include <doctest/doctest.h>

#include <array>
#include <future>
#include <thread>

namespace hotline::test {
namespace {

constexpr std::uint64_t attempt_us = 2'000;
constexpr std::uint64_t deadline_us = 20'000'000;

TEST_CASE("safepoint: parked shards count as arrived; nobody is woken") {
  SystemClock clock;
  Safepoint safepoint(3, clock);
  int swaps = 0;
  const Safepoint::Outcome outcome =
      safepoint.run([&] { ++swaps; }, {.attempt_us = attempt_us, .deadline_us = deadline_us});
  CHECK(outcome.swapped);
  CHECK(outcome.attempts == 1);
  CHECK(outcome.pause_us_max == 0);
  CHECK(swaps == 1);
}

TEST_CASE("safepoint: a shard inside an event is not swapped under, and the attempt is given up") {
  SystemClock clock;
  Safepoint safepoint(2, clock);
  safepoint.unpark(0);  // It handles an event, and does not come back from it.
  int swaps = 0;
  const Safepoint::Outcome outcome =
      safepoint.run([&] { ++swaps; }, {.attempt_us = attempt_us, .deadline_us = 20'000});
  CHECK(!outcome.swapped);
  CHECK(outcome.attempts > 1);
  CHECK(swaps == 0);

  safepoint.poll(0);  // Nothing is pending: it goes on at once.
  safepoint.park(0);
  CHECK(safepoint.run([&] { ++swaps; }, {.attempt_us = attempt_us, .deadline_us = deadline_us}).swapped);
  CHECK(swaps == 1);
}

TEST_CASE("safepoint: the last shard to park performs the swap") {
  SystemClock clock;
  Safepoint safepoint(1, clock);
  safepoint.unpark(0);
  std::promise<void> parked;
  std::thread::id swapped_by;
  std::thread shard([&] {
    // Until a swap is asked for there is nothing to see here; parking at any moment is right.
    parked.get_future().wait();
    safepoint.park(0);
  });
  std::thread control([&] {
    const auto swap = [&] { swapped_by = std::this_thread::get_id(); };
    CHECK(safepoint.run(swap, {.attempt_us = attempt_us, .deadline_us = deadline_us}).swapped);
  });
  parked.set_value();
  control.join();
  shard.join();
  CHECK(swapped_by != std::thread::id());
}

TEST_CASE("safepoint: while one shard hangs in an event, the others go on between attempts") {
  SystemClock clock;
  Safepoint safepoint(2, clock);
  safepoint.unpark(1);  // Hangs.
  std::atomic<bool> is_over{false};
  std::atomic<std::uint64_t> events{0};
  std::thread busy([&] {
    safepoint.unpark(0);
    while (!is_over) {
      events.fetch_add(1);
      safepoint.poll(0);
    }
    safepoint.park(0);
  });
  while (events.load() == 0) std::this_thread::yield();
  const std::uint64_t before = events.load();
  bool has_swapped = false;
  const Safepoint::Outcome outcome =
      safepoint.run([&] { has_swapped = true; }, {.attempt_us = attempt_us, .deadline_us = 50'000});
  CHECK(!outcome.swapped);
  CHECK(!has_swapped);
  CHECK(events.load() > before);
  is_over = true;
  busy.join();
  safepoint.park(1);
}

TEST_CASE("safepoint: whoever is in haste gets among shards whose calls are longer than an attempt") {
  constexpr std::uint64_t call_us = 5'000;
  SystemClock clock;
  Safepoint safepoint(2, clock);
  std::atomic<bool> is_over{false};
  std::atomic<int> running{0};
  std::vector<std::thread> threads;
  for (std::uint32_t shard = 0; shard < 2; ++shard)
    threads.emplace_back([&, shard] {
      safepoint.unpark(shard);
      ++running;
      while (!is_over) {
        // Never at a safepoint together for as long as an attempt is: the calls of one begin in the middle of
        // the other's.
        const std::uint64_t until_us =
            clock.mono_us() + call_us - (clock.mono_us() + shard * call_us / 2) % call_us;
        while (clock.mono_us() < until_us) std::this_thread::yield();
        safepoint.poll(shard);
      }
      safepoint.park(shard);
    });
  while (running.load() < 2) std::this_thread::yield();
  const Safepoint::Outcome outcome =
      safepoint.run([] {}, {.attempt_us = 20, .attempt_us_max = 20'000, .deadline_us = deadline_us});
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(outcome.swapped);
  CHECK(outcome.attempts > 1);
}

// Shards handle events and park as they like; meanwhile a word is swapped many times. It is written without
// any lock: only the safepoint makes that right.
void swap_among_busy_shards(std::uint64_t each_attempt_us, int swaps_wanted) {
  constexpr std::uint32_t shards = 4;
  SystemClock clock;
  Safepoint safepoint(shards, clock);
  std::array<std::uint64_t, shards> word{};  // As the live set: one of each shard, written by whoever swaps.
  std::atomic<bool> is_over{false};
  std::atomic<int> inside{0};
  std::atomic<bool> was_torn{false};

  std::vector<std::thread> threads;
  for (std::uint32_t shard = 0; shard < shards; ++shard)
    threads.emplace_back([&, shard] {
      std::uint64_t last = 0;
      while (!is_over.load(std::memory_order_relaxed)) {
        safepoint.unpark(shard);
        for (int event = 0; event < 20; ++event) {
          inside.fetch_add(1);
          const std::uint64_t seen = word[shard];
          for (int spin = 0; spin < 50; ++spin)
            if (word[shard] != seen) was_torn = true;
          if (seen < last) was_torn = true;
          last = seen;
          inside.fetch_sub(1);
          safepoint.poll(shard);
        }
        safepoint.park(shard);
        if (shard % 2 == 0) std::this_thread::yield();
      }
    });

  int swapped = 0;
  bool was_inside = false, was_equal = true;
  for (int i = 0; i < swaps_wanted; ++i) {
    const auto swap = [&] {
      was_inside = was_inside || inside.load() != 0;
      for (std::uint64_t& each : word) {
        was_equal = was_equal && each == static_cast<std::uint64_t>(swapped);
        ++each;
      }
      ++swapped;
    };
    const Safepoint::Outcome outcome =
        safepoint.run(swap, {.attempt_us = each_attempt_us, .deadline_us = deadline_us});
    REQUIRE(outcome.swapped);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(swapped == swaps_wanted);
  CHECK(!was_inside);
  CHECK(was_equal);
  CHECK(!was_torn);
  for (const std::uint64_t each : word) CHECK(each == static_cast<std::uint64_t>(swaps_wanted));
}

TEST_CASE("safepoint: a swap never falls into an event, happens once, and all see it") {
  swap_among_busy_shards(attempt_us, 200);
}

// Attempts so short that shards come too late for them, and find the gap between two instead.
TEST_CASE("safepoint: whoever comes after an attempt was given up does not swap") {
  swap_among_busy_shards(2, 3'000);
}

}  // namespace
}  // namespace hotline::test
