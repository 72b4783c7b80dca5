// hotline.post/1: a word to this module at the home of another account.
//
// on_post is called on the account's home shard, on whichever generation is current then. Posts from one
// shard to one account arrive in the order they were made. A generation accepts what the previous one
// posted: `topic` numbers are part of a module's schema. [shard] for all calls.
#ifndef HOTLINE_CAP_POST_H
#define HOTLINE_CAP_POST_H

#include "hotline/host.h"

#define HL_CAP_POST "hotline.post/1"

typedef struct hl_cap_post {
  uint32_t size;
  uint32_t reserved;
  // HL_E_FULL: the other shard's inbox is at its bound; the caller answers its peer accordingly.
  hl_status (*bytes)(const hl_host* host, hl_str account, uint32_t topic, hl_str bytes);
  // Posts the stanza being handled, without copying it. The sender's stream management waits until what
  // became of it there is safe.
  hl_status (*stanza)(const hl_host* host, hl_str account, uint32_t topic, const hl_stanza* stanza);
  // The same to another module, which must have declared `accepts-posts` and is named here.
  hl_status (*to_module)(const hl_host* host, hl_str module, hl_str account, uint32_t topic, hl_str bytes);
  // As stanza(), to another module, which must have declared `accepts-posts`.
  hl_status (*stanza_to_module)(const hl_host* host, hl_str module, hl_str account, uint32_t topic,
                                const hl_stanza* stanza);
  // As stanza(), to the homes of many accounts at once: on_post of this module is called for each of them
  // with the same stanza, which is neither copied nor parsed again. It has no `to`: HL_ENTRY_TO and
  // session.send_to write each receiver's. HL_E_FULL: one of the inboxes is at its bound, and nobody gets it.
  hl_status (*fan_out)(const hl_host* host, const hl_str* accounts, uint64_t count, uint32_t topic,
                       const hl_stanza* stanza);
  // Whether to_module() would reach that module: HL_OK; HL_E_NONE: it is not loaded, or disabled;
  // HL_E_DENIED: it has not declared `accepts-posts`. For what only has to be made ready when somebody wants
  // it.
  hl_status (*reaches)(const hl_host* host, hl_str module);
} hl_cap_post;

#endif
