#include "base/time_slice.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hotline {

namespace {

// The first version of the kernel's structure (linux/sched/types.h, which collides with glibc's sched.h).
struct SchedAttributes {
  std::uint32_t size = sizeof(SchedAttributes);
  std::uint32_t policy = 0;  // SCHED_OTHER
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
};

constexpr std::uint64_t shortest_slice_ns = 100'000;  // The kernel takes 0.1 to 100 ms.

}  // namespace

void ask_for_short_slices() {
  SchedAttributes wanted;
  wanted.nice = getpriority(PRIO_PROCESS, 0);
  wanted.runtime_ns = shortest_slice_ns;
  (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace hotline
