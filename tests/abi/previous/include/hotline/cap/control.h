// hotline.control/1: answering control commands. [shard] for all calls.
#ifndef HOTLINE_CAP_CONTROL_H
#define HOTLINE_CAP_CONTROL_H

#include "hotline/host.h"

#define HL_CAP_CONTROL "hotline.control/1"

typedef struct hl_cap_control {
  uint32_t size;
  uint32_t reserved;
  // The result, a JSON value. Told to the caller once the durable changes of this call are on disk.
  hl_status (*reply)(const hl_host* host, uint64_t command, hl_str json);
  // A refusal in words an operator can act on.
  hl_status (*refuse)(const hl_host* host, uint64_t command, hl_str message);
} hl_cap_control;

#endif
