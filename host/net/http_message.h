// HTTP/1.1 messages as the host has them: a request that was read, a response that is to be written.
//
// Plain values. Sources: RFC 9110 (what it means), RFC 9112 (the bytes).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hotline {

struct HttpField {
  std::string name;  // Of a request: in lower case.
  std::string value;
};

struct HttpRequest {
  std::string method;  // "POST"
  std::string path;    // Percent-encoded as it came; no dot segments, no empty ones.
  std::string query;   // Behind '?'.
  bool has_query = false;
  std::string host;  // The Host field, in lower case, without port.
  std::vector<HttpField> fields;
  bool keeps_alive = true;
  bool has_body = false;
  std::optional<std::uint64_t> content_length;
  bool awaits_continue = false;  // Expect: 100-continue.
  std::string body;

  // The first of that name; nullptr: none.
  const std::string* field(std::string_view name) const {
    for (const HttpField& each : fields)
      if (each.name == name) return &each.value;
    return nullptr;
  }
};

struct HttpResponse {
  unsigned status = 200;
  std::vector<HttpField> fields;
  std::string body;
  std::optional<std::uint64_t> length = std::nullopt;  // Of a body that is written behind it.
};

enum class HttpEnd { keep_alive, close };

// Appends the response, with the fields that each one has: lengths, Connection, and what keeps a browser from
// guessing, caching or running anything unless the response says otherwise itself. `date` (RFC 9110 5.6.7)
// may be empty. `is_head`: the body is left out, and its length is told.
void append_http_response(std::string& out, const HttpResponse& response, HttpEnd end, bool is_head,
                          std::string_view date);

// One that says in words why a request is not answered. `status` is one of 400 to 599.
HttpResponse http_problem(unsigned status, std::string_view why);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::uint64_t wall_ms);

// Whether `name` and `value` may be a field of a response.
bool is_http_field(std::string_view name, std::string_view value);

}  // namespace hotline
