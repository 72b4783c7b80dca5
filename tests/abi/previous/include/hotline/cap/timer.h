// hotline.timer/1: timers that name an account and a key, and carry bytes.
//
// They run on whichever generation is current when they fire (on_timer), at the account's home. They do not
// survive a restart of the host. [shard] for all calls, at the account's home (else HL_E_ELSEWHERE).
#ifndef HOTLINE_CAP_TIMER_H
#define HOTLINE_CAP_TIMER_H

#include "hotline/host.h"

#define HL_CAP_TIMER "hotline.timer/1"

typedef struct hl_cap_timer {
  uint32_t size;
  uint32_t reserved;
  // Sets or moves the timer (account, key) of this module. HL_E_FULL: the account has too many.
  hl_status (*set)(const hl_host* host, hl_str account, hl_str key, uint64_t delay_ms, hl_str bytes);
  hl_status (*cancel)(const hl_host* host, hl_str account, hl_str key);
} hl_cap_timer;

#endif
