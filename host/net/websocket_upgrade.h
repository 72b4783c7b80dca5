// The HTTP request that a WebSocket begins with (RFC 6455 4.2, RFC 7395 3.1), and the few others that a web
// client sends to the same port to find it (XEP-0156).
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace hotline {

struct UpgradeAnswer {
  bool is_upgraded = false;  // `text` is the 101 answer, frames follow; else it is the last that is sent.
  std::string text;
};

UpgradeAnswer answer_upgrade(const HttpRequest& request);

}  // namespace hotline
