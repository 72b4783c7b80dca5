// websocket: the client's half of RFC 6455, as RFC 7395 uses it: text frames, one XML element each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hotline::bench {

// The HTTP request that asks for the upgrade.
std::string websocket_request(std::string_view host, std::string_view path);

// Appends `text` as one masked text frame.
void append_websocket_text(std::string& out, std::string_view text);

class WebSocketReader {
 public:
  struct Frame {
    enum class Kind { text, ping, close } kind = Kind::text;
    std::string payload;
  };

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The server's answer to the request: nothing yet, or whether it is 101 Switching Protocols.
  std::optional<bool> take_answer();
  // The next whole message; continuation frames are joined.
  std::optional<Frame> next();

 private:
  std::string buffer_;
  std::string partial_;
};

}  // namespace hotline::bench
