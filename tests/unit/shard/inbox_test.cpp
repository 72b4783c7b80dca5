// What other threads have for a shard: whole batches, one wake-up each.
#include "shard/inbox.h"

#include <doctest/doctest.h>

#include <array>
#include <thread>

namespace hotline::test {
namespace {

TEST_CASE("inbox: a batch wakes the shard once, and only when the inbox was empty") {
  int woken = 0;
  Inbox<int> inbox(10, [&] { ++woken; });
  std::vector<int> batch{1, 2, 3};
  inbox.push(batch);
  CHECK(batch.empty());
  CHECK(woken == 1);
  inbox.push_one(4);
  CHECK(woken == 1);

  std::vector<int> taken;
  inbox.take(taken);
  CHECK(taken == std::vector<int>{1, 2, 3, 4});
  CHECK(inbox.size() == 0);
  inbox.push_one(5);
  CHECK(woken == 2);
}

TEST_CASE("inbox: an empty batch wakes nobody") {
  int woken = 0;
  Inbox<int> inbox(10, [&] { ++woken; });
  std::vector<int> nothing;
  inbox.push(nothing);
  CHECK(woken == 0);
}

TEST_CASE("inbox: a quiet batch wakes nobody, and a nudge wakes for it once, unless it was taken meanwhile") {
  int woken = 0;
  Inbox<int> inbox(10, [&] { ++woken; });
  std::vector<int> batch{1};
  inbox.push_quietly(batch);
  CHECK(batch.empty());
  CHECK(woken == 0);
  inbox.nudge();
  inbox.nudge();
  CHECK(woken == 1);

  std::vector<int> taken;
  inbox.take(taken);
  taken.clear();
  batch = {2};
  inbox.push_quietly(batch);
  inbox.take(taken);
  inbox.nudge();
  CHECK(woken == 1);
}

TEST_CASE("inbox: who pushes behind a quiet batch wakes the shard for both") {
  int woken = 0;
  Inbox<int> inbox(10, [&] { ++woken; });
  std::vector<int> batch{1};
  inbox.push_quietly(batch);
  inbox.push_one(2);
  CHECK(woken == 1);
  std::vector<int> taken;
  inbox.take(taken);
  CHECK(taken == std::vector<int>{1, 2});
}

TEST_CASE("inbox: a reader that ends its turn sees a quiet batch and does not rest") {
  Inbox<int> inbox(10, [] {});
  inbox.begin_turn();
  std::vector<int> batch{1};
  inbox.push_quietly(batch);
  CHECK(inbox.end_turn());
}

TEST_CASE("inbox: at its bound it has no room, and still takes what must not be lost") {
  Inbox<int> inbox(2, [] {});
  CHECK(inbox.has_room());
  inbox.push_one(1);
  inbox.push_one(2);
  CHECK(!inbox.has_room());
  inbox.push_one(3);
  CHECK(inbox.size() == 3);
  std::vector<int> taken;
  inbox.take(taken);
  CHECK(inbox.has_room());
}

TEST_CASE("inbox: of many writers, all arrives, each writer's in its order") {
  constexpr int writers = 4;
  constexpr int each = 5'000;
  std::atomic<int> woken{0};
  Inbox<std::pair<int, int>> inbox(1, [&] { ++woken; });
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&inbox, writer] {
      for (int i = 0; i < each; ++i) inbox.push_one({writer, i});
    });
  std::array<int, writers> next{};
  int count = 0, batches = 0;
  bool is_in_order = true;
  std::vector<std::pair<int, int>> taken;
  while (count < writers * each) {
    inbox.take(taken);
    if (!taken.empty()) ++batches;
    for (const auto& [writer, number] : taken) {
      is_in_order = is_in_order && next[static_cast<std::size_t>(writer)]++ == number;
      ++count;
    }
    taken.clear();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(is_in_order);
  CHECK(woken == batches);
}

}  // namespace
}  // namespace hotline::test
