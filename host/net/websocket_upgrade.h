// The HTTP request that a WebSocket begins with (RFC 6455 4.2, RFC 7395 3.1), and the few others that a web
// client sends to the same port to find it (XEP-0156).
#pragma once

#include <string>
#include <string_view>

namespace hotline {

constexpr std::size_t http_head_bytes_max = 8 * 1024;

struct UpgradeAnswer {
  bool is_upgraded = false;  // `text` is the 101 answer, frames follow; else it is the last that is sent.
  std::string text;
};

// `head`: the request line and header fields, to the empty line's end. Never a body: GET has none.
UpgradeAnswer answer_upgrade(std::string_view head);

// A plain answer that ends the connection. `status`: "400 Bad Request".
std::string http_refusal(std::string_view status, std::string_view why);

}  // namespace hotline
