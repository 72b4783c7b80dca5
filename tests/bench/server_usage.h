// server_usage: what the measured server's processes cost: CPU time in ns and user-space memory in bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace hotline::bench {

struct Memory {
  std::int64_t rss = 0;  // Resident, shared pages included.
  std::int64_t pss = 0;  // Shared pages divided by those who share them.
  std::int64_t own = 0;  // Private pages alone: what goes away when the process does.
};

class ServerUsage {
 public:
  explicit ServerUsage(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  [[nodiscard]] bool is_known() const { return !pids_.empty(); }
  // All threads, ended ones too, since each process began. A process that is gone counts as 0.
  [[nodiscard]] std::int64_t cpu_ns() const;
  // From smaps_rollup, which needs the same user or root; all 0 where it cannot be read.
  [[nodiscard]] Memory memory() const;

 private:
  std::vector<pid_t> pids_;
};

// CPU of this process, to see when the instrument itself is the bottleneck.
std::int64_t own_cpu_ns();

}  // namespace hotline::bench
