// What waits for the disk, and how long: as far as the whole host's tests do not show it.
#include "state/commit_window.h"

#include <doctest/doctest.h>

#include "state/memory_store.h"

using namespace hotline;

namespace {

class HandClock final : public Clock {
 public:
  std::uint64_t mono_us() override { return now_us; }
  std::uint64_t wall_ms() override { return now_us / 1'000; }
  std::uint64_t now_us = 1'000'000;
};

}  // namespace

TEST_CASE("commit window: a row that is written again and again before it goes counts once") {
  HandClock clock;
  MemoryStore store(clock);
  const std::string name = "routing";
  const CommitWindow::Limits limits;
  CommitWindow window(store, 0, clock, limits, [&](std::uint16_t) -> const std::string& { return name; });
  const std::string value(64 << 10, 'v');
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 8; ++i) window.put_row("table", "anna@localhost", "key", 1, value);
    if (round % 2 == 1) window.erase_row("table", "anna@localhost", "key");
    CHECK(window.due_us() == clock.now_us + limits.window_us);  // Not at once: there is not much of it.
    window.submit();
  }
  window.put_row("table", "anna@localhost", "key", 1, "small");
  CHECK(window.due_us() == clock.now_us + limits.window_us);
  for (int i = 0; i < 17; ++i) window.put_row("table", "anna@localhost", "key" + std::to_string(i), 1, value);
  CHECK(window.due_us() == 0);
}
