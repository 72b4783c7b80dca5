#include "server_usage.h"

#include <fstream>
#include <sstream>
#include <string>

#include "clock.h"

namespace hotline::bench {

// A process's CPU clock counts in ns and keeps what its ended threads used, which summing
// /proc/PID/task/*/schedstat does not.
std::int64_t ServerUsage::cpu_ns() const {
  std::int64_t sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0) {
      sum += used.tv_sec * ns_per_s + used.tv_nsec;
    }
  }
  return sum;
}

Memory ServerUsage::memory() const {
  Memory sum;
  for (const pid_t pid : pids_) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string name;
      std::int64_t kib = 0;
      if (!(words >> name >> kib)) continue;
      if (name == "Rss:") sum.rss += kib * 1024;
      if (name == "Pss:") sum.pss += kib * 1024;
      if (name == "Private_Clean:" || name == "Private_Dirty:") sum.own += kib * 1024;
    }
  }
  return sum;
}

std::int64_t own_cpu_ns() {
  return read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace hotline::bench
