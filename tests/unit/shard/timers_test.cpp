// A shard's deadlines.
#include "shard/timers.h"

#include <doctest/doctest.h>

#include <string>

namespace hotline::test {
namespace {

TEST_CASE("timers: what is due runs in order of deadline, and in order of setting where they are equal") {
  Timers timers;
  std::string ran;
  timers.set(30, [&] { ran += 'c'; });
  timers.set(10, [&] { ran += 'a'; });
  timers.set(20, [&] { ran += 'b'; });
  timers.set(30, [&] { ran += 'd'; });
  timers.set(31, [&] { ran += 'x'; });
  CHECK(timers.next_us() == 10);
  timers.run(30);
  CHECK(ran == "abcd");
  CHECK(timers.next_us() == 31);
  CHECK(timers.size() == 1);
}

TEST_CASE("timers: a cancelled one does not run and is not waited for") {
  Timers timers;
  bool has_run = false;
  const Timers::Id id = timers.set(10, [&] { has_run = true; });
  timers.cancel(id);
  CHECK(timers.next_us() == UINT64_MAX);
  timers.run(100);
  CHECK(!has_run);
  timers.cancel(id);
  timers.cancel(0);
  CHECK(timers.size() == 0);
}

TEST_CASE("timers: a call may set one that is due at once, and cancel one that is due after it") {
  Timers timers;
  std::string ran;
  Timers::Id later = 0;
  timers.set(10, [&] {
    ran += 'a';
    timers.set(5, [&] { ran += 'b'; });
    timers.cancel(later);
  });
  later = timers.set(20, [&] { ran += 'x'; });
  timers.run(50);
  CHECK(ran == "ab");
}

TEST_CASE("timers: one that sets itself again runs once a round") {
  Timers timers;
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    timers.set(static_cast<std::uint64_t>(ran) * 10 + 10, again);
  };
  timers.set(10, again);
  timers.run(10);
  CHECK(ran == 1);
  timers.run(20);
  CHECK(ran == 2);
}

TEST_CASE("timers: of thousands, most of them cancelled, exactly the others run") {
  Timers timers;
  std::vector<Timers::Id> ids;
  int ran = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) ids.push_back(timers.set(5'000 - i, [&] { ++ran; }));
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (i % 10 != 0) timers.cancel(ids[i]);
  CHECK(timers.size() == 500);
  timers.run(2'500);
  CHECK(ran == 250);
  timers.run(5'000);
  CHECK(ran == 500);
  CHECK(timers.next_us() == UINT64_MAX);
}

}  // namespace
}  // namespace hotline::test
