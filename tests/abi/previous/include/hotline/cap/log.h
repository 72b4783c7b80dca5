// hotline.log/1: lines in the host's log, with the module's name on them. Never a message's content.
#ifndef HOTLINE_CAP_LOG_H
#define HOTLINE_CAP_LOG_H

#include "hotline/host.h"

#define HL_CAP_LOG "hotline.log/1"

#define HL_LOG_DEBUG 0
#define HL_LOG_INFO 1
#define HL_LOG_WARNING 2
#define HL_LOG_ERROR 3

typedef struct hl_cap_log {
  uint32_t size;
  uint32_t reserved;
  // Written at once, whatever becomes of the call. [shard] [stage]
  void (*write)(const hl_host* host, int32_t level, hl_str text);
} hl_cap_log;

#endif
