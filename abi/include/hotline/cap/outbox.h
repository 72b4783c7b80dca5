// hotline.outbox/1: words to the world outside, through a gateway that the operator configured (`outbox`): a
// webhook, a command, a file. The host does it off the loops, with retries, and keeps none of it over a
// restart. [shard] for all calls.
#ifndef HOTLINE_CAP_OUTBOX_H
#define HOTLINE_CAP_OUTBOX_H

#include "hotline/host.h"

#define HL_CAP_OUTBOX "hotline.outbox/1"

#define HL_OUTBOX_BODY_MAX 16384u  // Bytes of one body.

typedef struct hl_cap_outbox {
  uint32_t size;
  uint32_t reserved;
  // Hands `body` (JSON) to `gateway`. What became of it comes to on_work at the home of `account` with
  // `token`: HL_OK it was taken; HL_E_DENIED the gateway refused it for good; HL_E_GONE every attempt failed.
  // The result begins with the gateway's status in digits (an HTTP status, an exit status) and a line end;
  // what it said follows. HL_E_NONE: no such gateway is configured. HL_E_FULL: too much waits for it already.
  hl_status (*send)(const hl_host* host, hl_str gateway, hl_str account, hl_str token, hl_str body);
} hl_cap_outbox;

#endif
