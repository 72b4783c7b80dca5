// hotline.stats/1: a module's own counters, shown by `hotline status` and `hotline modules`.
#ifndef HOTLINE_CAP_STATS_H
#define HOTLINE_CAP_STATS_H

#include "hotline/host.h"

#define HL_CAP_STATS "hotline.stats/1"

typedef struct hl_cap_stats {
  uint32_t size;
  uint32_t reserved;
  // A number for the counter of that name ([a-z_]+, at most 64 a module). [shard] [stage]
  hl_status (*counter)(const hl_host* host, hl_str name, uint32_t* counter);
  void (*add)(const hl_host* host, uint32_t counter, int64_t amount);  // [shard]
} hl_cap_stats;

#endif
