// hotline.http/1: answering HTTP requests (on_request; the manifest's `http` claims them), or having another
// node do so.
//
// A request is answered once, from any shard: its number may go along in a post, to be answered where the
// account's rows are. One that nobody answers within the configured time (http.answer_seconds) is answered
// 504. The connection, its keep-alive, lengths, Date and headers that keep browsers from guessing are the
// host's. [shard] for all calls.
#ifndef HOTLINE_CAP_HTTP_H
#define HOTLINE_CAP_HTTP_H

#include "hotline/host.h"
#include "hotline/module.h"

#define HL_CAP_HTTP "hotline.http/1"

#define HL_HTTP_FIELDS_MAX 32u  // Of one response.

typedef struct hl_cap_http {
  uint32_t size;
  uint32_t reserved;
  // Answers with `status` (200 to 599), `fields` (Content-Type among them where there is a body) and `body`,
  // once the durable changes of this call are on disk. HL_E_INVALID: a status, a field name or a value that
  // HTTP does not know, or a field that is the host's own (Content-Length, Transfer-Encoding, Connection,
  // Date). HL_E_GONE: it has been answered, or its peer has gone; on another shard that is not known yet, and
  // HL_OK.
  hl_status (*respond)(const hl_host* host, hl_request request, uint32_t status, const hl_http_field* fields,
                       uint64_t field_count, hl_str body);
  // Has `node`, another host that the operator configured (`nodes`), answer the request: METHOD (GET or PUT)
  // of `path` with these fields and the request's body, for which it came by a route that takes heads (the
  // manifest's `http METHOD /path head`). Its bytes go to the node and the answer's to the peer as they come,
  // by the host. A node that cannot be reached is answered 502, one that does not answer 504; a request that
  // was passed on already 502: it goes no further. HL_E_NONE: no such node. HL_E_INVALID and HL_E_GONE as
  // there.
  hl_status (*relay)(const hl_host* host, hl_request request, hl_str node, hl_str method, hl_str path,
                     const hl_http_field* fields, uint64_t field_count);
} hl_cap_http;

#endif
