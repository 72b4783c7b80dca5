// store_kill_child DATABASE FIRST: submits batches from number FIRST on, and prints the number of each one
// that the store calls safe, until it is killed.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "store_kill_plan.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  hotline::SystemClock clock;
  auto store = hotline::SqliteStore::open(hotline::test::planned_settings(argv[1]), clock);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10);
  std::atomic<std::uint64_t> safe{first - 1};
  (*store)->start([&safe](std::uint32_t, std::uint64_t number) {
    const std::string line = std::to_string(number) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
    if (safe < number) safe = number;
    safe.notify_one();
  });
  // A few at a time, so that transactions hold one batch or several, and pauses leave room for checkpoints.
  for (std::uint64_t n = first;; ++n) {
    (*store)->submit(hotline::test::planned_batch(n));
    for (std::uint64_t seen = safe; seen + 6 < n; seen = safe) safe.wait(seen);
    if (n % 64 == 0) ::usleep(5000);
  }
}
