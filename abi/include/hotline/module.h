// The one symbol a module exports, and what the host calls on it.
//
// The life of a generation:
//
//     verify     preflight     stage     canary        live          previous      retire
//     (nothing)  self_test     create    on_...        on_...        (resident:    destroy
//                convert                 for a share   for all       the way back)
//
// State      What must survive is in tables, timers, sessions and mailboxes, all of them the
//            host's. An instance is a cache that may be destroyed between any two calls.
// Calls      Each call is a transaction: what it asks for (sends, table and mailbox changes, timers,
//            posts) takes effect when it returns HL_OK, in the order it was asked for, or not at
//            all. Reads within the call see its own table and session changes.
// Threads    [shard]  the thread of the instance's shard; calls on one instance never overlap or nest.
//            [stage]  a thread of the host's before the instance serves, or after it has ceased to.
// Ownership  A pointer argument is borrowed for the length of the call. Whoever allocates, frees.
// Answers    HL_OK, or HL_E_NONE for "not mine" (the host then answers the peer as it does where no
//            module has claimed the route). Any other answer, an exception that reaches the
//            entry's edge, a signal or an overrun of the budget is a fault: nothing of the call takes
//            effect and it is charged to the generation.
// Growth     Functions are appended only; `size` says how many there are. NULL: not wanted.
#ifndef HOTLINE_MODULE_H
#define HOTLINE_MODULE_H

#include "hotline/host.h"
#include "hotline/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HL_MODULE_MAGIC 0x484c4d31u  // "HLM1"

// What happened to a stream (a connection's XML stream, before and after login).
#define HL_STREAM_OPENED 1  // The client sent its header, the host answered with its own: send features.
#define HL_STREAM_CLOSED 2  // It is gone. Not said for a stream that a session was bound on.

// What happened to a session.
#define HL_SESSION_DETACHED 1  // Its connection is gone; it may be resumed until its window ends.
#define HL_SESSION_RESUMED 2   // A new connection took it over.
#define HL_SESSION_ENDED 3     // It is over. The handle is readable for the length of this call.
#define HL_SESSION_SAFE 4      // What session.safe() was asked to tell: `value` stanzas are safe.
// Nothing came from its client for `value` seconds, and it has no stream management by which the host could
// ask. Send something it has to answer: whatever it says counts, and silence ends its connection.
#define HL_SESSION_QUIET 5

typedef struct hl_stream_event {
  uint32_t size;
  int32_t what;  // HL_STREAM_...
  hl_stream stream;
  hl_str to;  // From the header. Absent in HL_STREAM_CLOSED.
  hl_str from;
  hl_str lang;
} hl_stream_event;

typedef struct hl_stanza_event {
  uint32_t size;
  int32_t reserved;
  hl_stream stream;    // Where it came in.
  hl_session session;  // 0 before a resource is bound.
  hl_str account;      // The authenticated bare address; absent before login.
  const hl_stanza* stanza;
} hl_stanza_event;

typedef struct hl_line_event {
  uint32_t size;
  int32_t reserved;
  hl_stream stream;
  hl_str listener;  // Its name in the configuration.
  hl_str line;      // Without its end.
} hl_line_event;

typedef struct hl_session_event {
  uint32_t size;
  int32_t what;  // HL_SESSION_...
  hl_session session;
  hl_str account;  // Bare address.
  hl_str resource;
  uint64_t
      value;  // HL_SESSION_SAFE: how many received stanzas are safe, modulo 2^32. HL_SESSION_QUIET: seconds.
} hl_session_event;

// Something posted to this shard: see cap/post.h.
typedef struct hl_post_event {
  uint32_t size;
  uint32_t topic;           // The module's own number for it.
  hl_str account;           // Whose home this shard is.
  hl_str bytes;             // What was posted, or absent when a stanza was.
  const hl_stanza* stanza;  // NULL when bytes were.
} hl_post_event;

// A mailbox entry is to be written to a session: see cap/mailbox.h.
typedef struct hl_drain_event {
  uint32_t size;
  uint32_t flags;  // As given to put().
  hl_session session;
  hl_str account;
  hl_entry entry;
  uint64_t stored_wall_ms;  // When it was put.
  hl_str xml;               // Its canonical bytes.
} hl_drain_event;

// A mailbox entry of this module's that no device took in time (mailbox.ttl_days). HL_OK: it is removed once
// what the call did is safe (a stanza that was posted or put, rows), so that a sender can be told and no
// crash loses that. HL_E_NONE: not now; it is offered again later. It may come again after a crash.
typedef struct hl_expiry_event {
  uint32_t size;
  uint32_t flags;  // As given to put().
  hl_str account;
  hl_entry entry;
  uint64_t stored_wall_ms;  // When it was put.
  hl_str xml;               // Its canonical bytes.
} hl_expiry_event;

typedef struct hl_timer_event {
  uint32_t size;
  int32_t reserved;
  hl_str account;
  hl_str key;
  hl_str bytes;
} hl_timer_event;

// A command of the command line or another control client: see cap/control.h.
typedef struct hl_command_event {
  uint32_t size;
  int32_t reserved;
  uint64_t command;  // For control.reply().
  hl_str name;       // "user.add"
  hl_str account;    // The account it is about, whose home this shard is. Absent for a command that
                     // every shard answers for its own part.
  hl_str json;       // Its parameters: a JSON object.
} hl_command_event;

// The result of work done off the loops: see cap/crypto.h.
typedef struct hl_work_event {
  uint32_t size;
  hl_status status;
  hl_str account;  // As given.
  hl_str token;    // As given.
  hl_str result;
} hl_work_event;

// A field of an HTTP request or response. Of a request the name is in lower case.
typedef struct hl_http_field {
  hl_str name;
  hl_str value;
} hl_http_field;

#define HL_REQUEST_IS_TLS 1u       // It came encrypted.
#define HL_REQUEST_IS_LOOPBACK 2u  // Its peer is this machine.
#define HL_REQUEST_IS_HEAD 4u      // Its body waits to be told where to go: see cap/file.h.

// An HTTP request of a route that the manifest claims (`http`), whole, its body included; or its head, where
// the claim says so and a body follows: see cap/http.h.
typedef struct hl_request_event {
  uint32_t size;
  uint32_t flags;      // HL_REQUEST_...
  hl_request request;  // For http.respond().
  hl_str listener;     // Its name in the configuration.
  hl_str peer;         // Address without port: "127.0.0.1", "::1".
  hl_str method;       // "POST". HEAD comes as GET.
  hl_str path;         // As it came: percent-encoded, without dot segments.
  hl_str query;        // Behind '?'; absent when there is none.
  hl_str host;         // Whom it was addressed to: checked, in lower case, without port.
  const hl_http_field* fields;
  uint64_t field_count;
  hl_str body;
} hl_request_event;

typedef struct hl_module_entry {
  uint32_t magic;  // HL_MODULE_MAGIC
  uint32_t size;   // sizeof(hl_module_entry) the module was compiled with.
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t reserved;
  const char* manifest;  // The text that HL_MANIFEST put into the file.

  // Proves in a preflight process that the module works. NULL: nothing to prove.
  // [stage] in a child process.
  hl_status (*self_test)(const hl_host* host);

  // Makes the instance of one shard. HL_E_NONE when a capability is missing: the push stops.
  // [stage]
  hl_status (*create)(const hl_host* host, hl_instance** instance);
  // [stage]
  void (*destroy)(hl_instance* instance);

  // [shard] for all of these.
  hl_status (*on_stream)(hl_instance* instance, const hl_stream_event* event);
  hl_status (*on_stanza)(hl_instance* instance, const hl_stanza_event* event);
  hl_status (*on_line)(hl_instance* instance, const hl_line_event* event);
  hl_status (*on_session)(hl_instance* instance, const hl_session_event* event);
  hl_status (*on_post)(hl_instance* instance, const hl_post_event* event);
  hl_status (*on_drain)(hl_instance* instance, const hl_drain_event* event);
  hl_status (*on_timer)(hl_instance* instance, const hl_timer_event* event);
  hl_status (*on_command)(hl_instance* instance, const hl_command_event* event);
  hl_status (*on_work)(hl_instance* instance, const hl_work_event* event);

  // Turns a row of `table` from schema `from` into schema `to`, its neighbour, up or down. Pure: no
  // capability is called, the same bytes give the same result. The module writes at most
  // `*out_size` bytes to `out` and sets `*out_size` to what it wrote. HL_E_FULL with `*out_size` set to
  // what is needed: the host calls again with that much. HL_E_INVALID: the row cannot be converted
  // and is parked.
  // [shard] and [stage], also while other calls of other instances run.
  hl_status (*convert)(hl_str table, uint32_t from, uint32_t to, hl_str row, char* out, uint64_t* out_size);

  // NULL: entries of this module that expire are removed, and nobody is told. [shard]
  hl_status (*on_expiry)(hl_instance* instance, const hl_expiry_event* event);

  // HL_E_NONE: the peer is answered 404. A fault: 500. [shard]
  hl_status (*on_request)(hl_instance* instance, const hl_request_event* event);
} hl_module_entry;

// Every module defines exactly this.
#if defined(__GNUC__)
#define HL_EXPORT __attribute__((visibility("default")))
#else
#define HL_EXPORT
#endif
#ifdef __cplusplus
#define HL_MODULE extern "C" HL_EXPORT const hl_module_entry hl_module
#else
#define HL_MODULE                                   \
  extern HL_EXPORT const hl_module_entry hl_module; \
  HL_EXPORT const hl_module_entry hl_module
#endif

#ifdef __cplusplus
}
#endif

#endif
