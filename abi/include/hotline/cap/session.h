// hotline.session/1: bound sessions, and the stream management state they carry (XEP-0198).
//
// A session is of an account and lives on the account's home shard; it outlives its connection for
// as long as it can be resumed. The host keeps the queue of what the client has not acknowledged and
// both counters; what the elements on the wire look like is the module's business.
// [shard] for all calls.
#ifndef HOTLINE_CAP_SESSION_H
#define HOTLINE_CAP_SESSION_H

#include "hotline/host.h"

#define HL_CAP_SESSION "hotline.session/1"

#define HL_SESSION_IS_ATTACHED 1u  // It has a connection now.
#define HL_SESSION_HAS_SM 2u       // Stream management is on.
#define HL_SESSION_CAN_RESUME 4u

typedef struct hl_session_info {
  uint32_t size;   // Set by the caller to sizeof(hl_session_info).
  uint32_t flags;  // HL_SESSION_...
  hl_str account;  // Bare address.
  hl_str resource;
  hl_str address;           // Full address.
  hl_stream stream;         // 0 while detached.
  uint64_t unacknowledged;  // Stanzas sent and not yet acknowledged by the client.
} hl_session_info;

typedef struct hl_cap_session {
  uint32_t size;
  uint32_t reserved;

  // Binds `resource` on an authenticated stream. A session that holds the same resource is ended with
  // a <conflict/> stream error first. HL_E_DENIED: not authenticated, or bound already. HL_E_FULL: the
  // account has as many sessions as it may.
  hl_status (*bind)(const hl_host* host, hl_stream stream, hl_str resource, hl_session* session);
  hl_status (*info)(const hl_host* host, hl_session session, hl_session_info* info);
  hl_status (*find)(const hl_host* host, hl_str account, hl_str resource, hl_session* session);
  // Writes up to `capacity` sessions of the account to `out`, oldest first; `*count` is how many there
  // are. HL_E_ELSEWHERE: its home is another shard.
  hl_status (*list)(const hl_host* host, hl_str account, hl_session* out, uint64_t capacity, uint64_t* count);
  // Sends `condition` as a stream error to its connection, if it has one, and ends the session.
  hl_status (*end)(const hl_host* host, hl_session session, hl_str condition, hl_str text);

  // Fields: small numbers kept with a session (its priority, whether carbons are on), 0 at first. At
  // most 16 names in a host. They survive detaching and every push.
  hl_status (*field)(const hl_host* host, hl_str name, uint32_t* field);  // Also [stage].
  hl_status (*get)(const hl_host* host, hl_session session, uint32_t field, int64_t* value);
  hl_status (*set)(const hl_host* host, hl_session session, uint32_t field, int64_t value);

  // Queues a stanza for the client. Without a mailbox entry it is lost when the session ends.
  hl_status (*send)(const hl_host* host, hl_session session, hl_str xml);
  hl_status (*send_stanza)(const hl_host* host, hl_session session, const hl_stanza* stanza);
  // The same, with a mailbox entry behind it: the entry is removed once the client has accepted it, and
  // stays when the session ends before that. `xml` absent: the entry's own bytes.
  hl_status (*send_entry)(const hl_host* host, hl_session session, hl_entry entry, hl_str xml);
  // Writes what must not be counted (<a/>, <r/>, features). Dropped while detached.
  hl_status (*send_nonza)(const hl_host* host, hl_session session, hl_str xml);

  // Turns stream management on: `answer` is sent; from now on stanzas are counted both ways; `request`
  // (<r/>) is what the host writes behind what it sends when it wants an acknowledgement.
  // `resume_s` > 0 makes the session resumable for that long (bounded by the configuration).
  // HL_E_EXISTS: it is on already.
  hl_status (*sm_enable)(const hl_host* host, hl_session session, hl_str answer, hl_str request,
                         uint32_t resume_s);
  // The id a client resumes with: fetch it before sm_enable to put it into the answer.
  hl_status (*sm_id)(const hl_host* host, hl_session session, hl_str* id, uint32_t* resume_s_max);
  // The client has accepted `h` stanzas (modulo 2^32) since sm_enable. HL_E_INVALID: more than were sent.
  hl_status (*sm_acknowledged)(const hl_host* host, hl_session session, uint32_t h);
  // How many of the client's stanzas were handled and are safe: accepted by their recipients or on
  // disk. HL_OK: all that were received, answer now. HL_E_FULL: some are not safe yet; on_session says
  // HL_SESSION_SAFE once they are (or after a deadline, with what is safe by then).
  hl_status (*safe)(const hl_host* host, hl_session session, uint32_t* h);
  // Gives the session `id` to this stream, which must be authenticated as its account: the old
  // connection, if any, is closed; `answer` is sent with the session's count of handled stanzas in place
  // of the first "%h"; what the client has not accepted after `h` follows. HL_E_NONE: no such session, it
  // can no longer be resumed, or it is another account's. HL_E_INVALID: `h` is more than was sent.
  // HL_E_DENIED: a resource is bound on the stream already.
  hl_status (*sm_resume)(const hl_host* host, hl_stream stream, hl_str id, uint32_t h, hl_str answer,
                         hl_session* session);
  // As send_stanza, of a stanza without `to`: the session's own address is written there, without a copy.
  hl_status (*send_to)(const hl_host* host, hl_session session, const hl_stanza* stanza);
} hl_cap_session;

#endif
