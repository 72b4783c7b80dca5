// hotline.login/1: login on a stream that goes on (XEP-0388), where stream.authenticate has the client open a
// new one. [shard] for all calls.
#ifndef HOTLINE_CAP_LOGIN_H
#define HOTLINE_CAP_LOGIN_H

#include "hotline/host.h"

#define HL_CAP_LOGIN "hotline.login/1"

typedef struct hl_cap_login {
  uint32_t size;
  uint32_t reserved;
  // Login has succeeded as `account` (a bare address), whose home this shard must be (else
  // HL_E_ELSEWHERE). The stream goes on without a new header; limits after login apply, its scratch is wiped.
  // Nothing is sent. For the rest of this call already the stream is the account's: session.bind and
  // session.sm_resume take it. HL_E_DENIED: it is logged in already.
  hl_status (*log_in)(const hl_host* host, hl_stream stream, hl_str account);
} hl_cap_login;

#endif
