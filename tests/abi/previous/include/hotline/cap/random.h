// hotline.random/1: cryptographically secure random bytes.
#ifndef HOTLINE_CAP_RANDOM_H
#define HOTLINE_CAP_RANDOM_H

#include "hotline/host.h"

#define HL_CAP_RANDOM "hotline.random/1"

typedef struct hl_cap_random {
  uint32_t size;
  uint32_t reserved;
  void (*fill)(const hl_host* host, void* out, uint64_t size);  // [shard] [stage]
} hl_cap_random;

#endif
