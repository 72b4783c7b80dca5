// hotline.clock/1: the time of the event that is being handled. No system call.
#ifndef HOTLINE_CAP_CLOCK_H
#define HOTLINE_CAP_CLOCK_H

#include "hotline/host.h"

#define HL_CAP_CLOCK "hotline.clock/1"

typedef struct hl_cap_clock {
  uint32_t size;
  uint32_t reserved;
  uint64_t (*mono_us)(const hl_host* host);  // Monotonic microseconds. [shard]
  uint64_t (*wall_ms)(const hl_host* host);  // Milliseconds since 1970 UTC. [shard]
} hl_cap_clock;

#endif
