// Work off the loops.
#include "shard/work_pool.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>

namespace hotline::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("work pool: work runs on another thread") {
  ThreadWorkPool pool(1, 10, 0);
  std::promise<std::thread::id> where;
  REQUIRE(pool.submit([&] { where.set_value(std::this_thread::get_id()); }));
  std::future<std::thread::id> ran = where.get_future();
  REQUIRE(ran.wait_for(60s) == std::future_status::ready);
  CHECK(ran.get() != std::this_thread::get_id());
}

TEST_CASE("work pool: it takes no more than its bound, and takes more once something was done") {
  ThreadWorkPool pool(1, 2, 0);
  std::promise<void> begun, go, done;
  REQUIRE(pool.submit([&] {
    begun.set_value();
    go.get_future().wait();
  }));
  REQUIRE(begun.get_future().wait_for(60s) == std::future_status::ready);  // It no longer waits in the queue.
  CHECK(pool.submit([] {}));
  CHECK(pool.has_room());
  CHECK(pool.submit([&] { done.set_value(); }));
  CHECK(!pool.has_room());
  CHECK(!pool.submit([] {}));
  go.set_value();
  REQUIRE(done.get_future().wait_for(60s) == std::future_status::ready);
  CHECK(pool.has_room());
}

TEST_CASE("work pool: destroying it waits for what has begun and drops what has not") {
  bool has_finished = false, has_begun_second = false;
  std::promise<void> begun, go;
  std::thread other;
  {
    ThreadWorkPool pool(1, 10, 0);
    REQUIRE(pool.submit([&] {
      begun.set_value();
      go.get_future().wait();
      // Destruction has begun once nothing is taken any more.
      while (pool.submit([] {})) std::this_thread::yield();
      has_finished = true;
    }));
    REQUIRE(begun.get_future().wait_for(60s) == std::future_status::ready);
    REQUIRE(pool.submit([&] { has_begun_second = true; }));
    other = std::thread([&] { go.set_value(); });
  }
  other.join();
  CHECK(has_finished);
  CHECK(!has_begun_second);
}

}  // namespace
}  // namespace hotline::test
