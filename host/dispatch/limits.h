// The bounds of one shard. Everything the outside can feed has one; docs/operations.md has each with its key.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/framer.h"

namespace hotline {

struct ShardLimits {
  FramerLimits before_login{10'000, 16, 200, 64, 256, 8'192};
  FramerLimits after_login{262'144, 32, 10'000, 64, 256, 8'192};
  std::uint32_t login_s = 30;
  std::uint32_t partial_stanza_s = 30;
  std::uint32_t failed_logins_per_stream_max = 5;
  std::size_t output_bytes_max = 4u << 20;  // Of one connection, not yet taken by its peer.
  std::uint32_t sessions_per_account_max = 20;
  std::uint32_t resume_s_max = 300;
  std::uint32_t ack_timeout_s = 60;
  std::uint32_t idle_s = 300;  // Without a byte from a client: then it is asked for a sign of life ...
  std::uint32_t ping_s = 60;   // ... which may take so long.
  std::size_t detached_bytes_max = 1u << 20;  // Kept for a session that may be resumed, messages not counted.
  std::uint32_t mailbox_entries_max = 100'000;  // Of one account.
  std::size_t mailbox_bytes_max = 64u << 20;
  std::uint64_t mailbox_memory_bytes_max = 1u << 30;  // Of all shards together.
  std::uint32_t mailbox_ttl_days = 30;
  std::uint32_t rows_per_account_max = 10'000;   // In one table.
  std::uint64_t sweep_slice_us = 250;            // Of one turn, for converting rows: see row_sweep.h.
  std::uint32_t sweep_rows_max = 1'000;          // In one slice; also how many wait for the disk at once.
  std::uint32_t timers_per_account_max = 1'000;  // Of modules.
  std::size_t inbox_max = 1'000'000;
  std::uint64_t brief_rest_us = 500;   // A shard that rests no longer than this as a rule is left to wake by
  std::uint64_t nudge_after_us = 500;  // itself, and woken for its inbox only this much later. 0: at once.
  std::uint64_t commit_window_us = 3'000;
  std::size_t drain_window = 256;          // Messages sent to a client and not accepted: then it is behind.
  std::size_t drain_bytes = 256u << 10;    // The same in bytes that wait for its connection.
  std::uint64_t request_gap_us = 100'000;  // Between two requests for acknowledgement of one client ...
  std::size_t request_after = 32;          // ... unless it was sent that many stanzas meanwhile.
  std::uint32_t http_head_s = 10;          // For a request's head to come, from its first byte ...
  std::uint32_t http_body_s = 30;          // ... for its body, from its head ...
  std::uint32_t http_answer_s = 30;        // ... for its answer, from its body ...
  std::uint32_t http_idle_s = 60;          // ... and for the next one to begin.
  std::uint64_t safe_answer_s = 5;         // An owed acknowledgement waits this long for the disk.
};

}  // namespace hotline
