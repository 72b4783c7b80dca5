// hotline.mailbox/1: what an account's devices have not yet accepted.
//
// A message is put before it is written to any socket, and leaves when one device of the account has
// accepted it: by acknowledging the stanza (XEP-0198), by accept(), or, on a session without stream
// management, when the peer's TCP has acknowledged its bytes. [shard] for all calls, at the account's
// home only (else HL_E_ELSEWHERE).
#ifndef HOTLINE_CAP_MAILBOX_H
#define HOTLINE_CAP_MAILBOX_H

#include "hotline/host.h"

#define HL_CAP_MAILBOX "hotline.mailbox/1"

// A flag of put() that is the host's: the entry's bytes have no `to`, nor has what is given to send_entry for
// it; each session it is written to gets its own address there. So one stanza serves many mailboxes. The
// other bits are the module's.
#define HL_ENTRY_TO 0x80000000u

typedef struct hl_cap_mailbox {
  uint32_t size;
  uint32_t reserved;
  // Puts the stanza that is being handled or parsed. `tag` lets accept() find it (0: none), `flags` are the
  // module's own but for HL_ENTRY_TO. The sender's stream management is acknowledged when it is safe.
  // HL_E_FULL: the account's mailbox is at its bound of entries or bytes, or the host cannot store.
  hl_status (*put)(const hl_host* host, hl_str account, const hl_stanza* stanza, uint64_t tag, uint32_t flags,
                   hl_entry* entry);
  // Offers the session every entry that no attached session holds: on_drain is called for each in order
  // of entry, as fast as the client accepts them.
  hl_status (*drain)(const hl_host* host, hl_session session);
  // Removes entries with this tag. HL_E_NONE: there is none.
  hl_status (*accept)(const hl_host* host, hl_str account, uint64_t tag);
  hl_status (*remove)(const hl_host* host, hl_str account, hl_entry entry);
  hl_status (*count)(const hl_host* host, hl_str account, uint64_t* entries, uint64_t* bytes);
  // Removes all entries (an account that is removed).
  hl_status (*purge)(const hl_host* host, hl_str account);
  // The entry that has waited longest, and when it was put. HL_E_NONE: nothing waits. What this call has put
  // is not among what waits yet.
  hl_status (*oldest)(const hl_host* host, hl_str account, hl_entry* entry, uint64_t* stored_wall_ms);
} hl_cap_mailbox;

#endif
