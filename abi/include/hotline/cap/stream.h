// hotline.stream/1: a connection's stream, mostly before a session is bound on it.
//
// [shard] for all calls; a stream belongs to the shard it is on until move_home.
#ifndef HOTLINE_CAP_STREAM_H
#define HOTLINE_CAP_STREAM_H

#include "hotline/host.h"

#define HL_CAP_STREAM "hotline.stream/1"

#define HL_STREAM_IS_TLS 1u        // Encrypted.
#define HL_STREAM_CAN_STARTTLS 2u  // Not encrypted, and the listener offers STARTTLS.
#define HL_STREAM_NEEDS_TLS 4u     // Login is refused until it is encrypted.
#define HL_STREAM_IS_WEBSOCKET 8u  // No STARTTLS; the framer adds namespaces.
#define HL_STREAM_IS_LOOPBACK 16u  // The peer is this machine.

typedef struct hl_stream_info {
  uint32_t size;       // Set by the caller to sizeof(hl_stream_info).
  uint32_t flags;      // HL_STREAM_...
  hl_str account;      // Authenticated; absent before login.
  hl_session session;  // 0 before bind.
  hl_str peer;         // Address without port: "127.0.0.1", "::1".
  hl_str listener;     // Its name in the configuration.
  hl_str tls_version;  // "TLSv1.3", or absent.
  uint32_t failures;   // How many times failed() was called on it.
  uint32_t reserved;
  // Below: not for callers whose `size` ends above, and not from hosts that were built before it.
  hl_str
      from;  // Whom the client says it is in its stream's header, unproved; absent: nobody, or after login.
} hl_stream_info;

typedef struct hl_cap_stream {
  uint32_t size;
  uint32_t reserved;
  hl_status (*info)(const hl_host* host, hl_stream stream, hl_stream_info* info);
  // Writes an element as it is. Not counted by XEP-0198: stanzas to a bound session go through
  // session.send.
  hl_status (*send)(const hl_host* host, hl_stream stream, hl_str xml);
  // Sends the stream error `condition` (RFC 6120 4.9.3; empty: none) with `text`, ends the stream and
  // closes the connection. A session bound on it ends too.
  hl_status (*close)(const hl_host* host, hl_stream stream, hl_str condition, hl_str text);
  // The answer `xml` goes out in clear, then TLS begins; what the client sent behind its request is
  // dropped. HL_E_DENIED: the listener does not offer it, or it is encrypted already.
  hl_status (*start_tls)(const hl_host* host, hl_stream stream, hl_str xml);
  // Bytes a module keeps with a stream across calls (the state of a SASL exchange): at most 4,096,
  // wiped when replaced and at login.
  hl_status (*set_scratch)(const hl_host* host, hl_stream stream, hl_str bytes);
  hl_status (*scratch)(const hl_host* host, hl_stream stream, hl_str* bytes);
  // Hands the connection to the home shard of `account` and offers the current event again there,
  // with nothing else of this call done. HL_E_EXISTS: it is there already, go on.
  hl_status (*move_home)(const hl_host* host, hl_stream stream, hl_str account);
  // Login has succeeded as `account` (a bare address), whose home this shard must be (else
  // HL_E_ELSEWHERE). `xml` is sent, limits after login apply, the client opens a new stream.
  hl_status (*authenticate)(const hl_host* host, hl_stream stream, hl_str account, hl_str xml);
  // Counts a failed attempt to log in. HL_E_FULL: it was the last one allowed; close the stream.
  hl_status (*failed)(const hl_host* host, hl_stream stream);
  // TLS exporter (RFC 9266 with label "EXPORTER-Channel-Binding", 32 bytes). HL_E_NONE: no TLS 1.3.
  hl_status (*exporter)(const hl_host* host, hl_stream stream, hl_str label, void* out, uint64_t size);
} hl_cap_stream;

#endif
