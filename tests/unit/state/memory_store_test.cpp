#include "state/memory_store.h"

#include <doctest/doctest.h>

#include "state/history_chain.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

class StoppedClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us; }
  std::uint64_t wall_ms() override { return now_us / 1000; }
  std::uint64_t now_us = 5'000'000;
};

}  // namespace

TEST_CASE("memory store: nothing is safe before it is committed, batch by batch") {
  StoppedClock clock;
  MemoryStore store(clock);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> told;
  store.start([&](std::uint32_t shard, std::uint64_t number) { told.emplace_back(shard, number); });
  store.submit(put(0, 1, {1, 2}));
  store.submit(put(1, 1, {3}));
  clock.now_us += 7000;
  CHECK(store.message_count() == 0);
  CHECK(store.health().batches_waiting == 2);
  CHECK(store.health().oldest_waiting_ms == 7);
  CHECK(store.commit_next());
  CHECK(told == std::vector<std::pair<std::uint32_t, std::uint64_t>>{{0, 1}});
  CHECK(contents_of(store).ids() == std::vector<std::uint64_t>{1, 2});
  store.submit(drop(0, 2, {1}));
  CHECK(store.commit_all() == 2);
  CHECK(contents_of(store).ids() == std::vector<std::uint64_t>{2, 3});
  CHECK(store.message_id_max() == 3);
  CHECK_FALSE(store.commit_next());
  store.submit(drop(0, 3, {3}));
  store.commit_all();
  CHECK(store.message_id_max() == 3);  // Not given out again.
}

TEST_CASE("memory store: a crash keeps whole batches, told or not, and forgets the rest") {
  StoppedClock clock;
  MemoryStore store(clock);
  std::uint64_t told = 0;
  store.start([&](std::uint32_t, std::uint64_t number) { told = number; });
  for (std::uint64_t n = 1; n <= 4; ++n) store.submit(put(0, n, {n * 10, n * 10 + 1}));
  store.commit_next();
  store.crash(1);
  CHECK(told == 1);
  CHECK(contents_of(store).ids() == std::vector<std::uint64_t>{10, 11, 20, 21});
  CHECK(store.waiting_count() == 0);
  CHECK(store.commit_all() == 0);
}

TEST_CASE("memory store: a full disk takes nothing, says so, and goes on when there is room") {
  StoppedClock clock;
  MemoryStore store(clock);
  std::uint64_t told = 0;
  store.start([&](std::uint32_t, std::uint64_t number) { told = number; });
  store.set_full(true);
  store.submit(put(0, 1, {1}));
  CHECK_FALSE(store.commit_next());
  CHECK_FALSE(store.health().is_writable);
  CHECK_FALSE(store.health().problem.empty());
  CHECK_FALSE(store.set_setting("a", "b"));
  CHECK_FALSE(store.append_history("push", "{}"));
  CHECK(told == 0);
  store.set_full(false);
  CHECK(store.commit_all() == 1);
  CHECK(told == 1);
  CHECK(store.health().is_writable);
}

TEST_CASE("memory store: a disk that lied has lost the newest batches, whole") {
  StoppedClock clock;
  MemoryStore store(clock);
  for (std::uint64_t n = 1; n <= MemoryStore::lose_max + 10; ++n) store.submit(put(0, n, {n}));
  store.commit_all();
  store.lose_last(2);
  CHECK(store.message_count() == MemoryStore::lose_max + 8);
  store.lose_last(1000);
  CHECK(store.message_count() == 10);
  CHECK(store.message_id_max() == 10);
}

TEST_CASE("memory store: rows, settings and the chained history are kept over a crash") {
  StoppedClock clock;
  MemoryStore store(clock);
  StoreBatch one = batch(0, 1);
  one.put_rows = {{"t", "a", "k", 1, "v"}, {"t", "a", "gone", 1, "v"}};
  store.submit(std::move(one));
  StoreBatch two = batch(0, 2);
  two.put_rows = {{"t", "a", "k", 2, "w"}};
  two.erase_rows = {{"t", "a", "gone"}};
  store.submit(std::move(two));
  store.commit_all();
  REQUIRE(store.set_setting("running", "set"));
  REQUIRE(store.append_history("push", "{}"));
  REQUIRE(store.append_history("rollback", "{}"));
  store.crash();
  CHECK(store.row_count() == 1);
  CHECK(contents_of(store).rows.at("a/t/k").value == "w");
  CHECK(store.setting("running").value() == "set");
  CHECK(store.setting("nothing")->empty());
  REQUIRE(store.history(10)->size() == 2);
  CHECK_FALSE(first_broken_link(*store.history(10)));
  CHECK(store.history(1)->front().kind == "rollback");
}
