// A WebSocket client's bytes.
#pragma once

#include <string>
#include <string_view>

#include "net/websocket_frame.h"

namespace hotline::test {

constexpr std::string_view upgrade_request =
    "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost:5443\r\nUpgrade: websocket\r\nConnection: keep-alive, "
    "Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: chat, xmpp\r\nOrigin: https://example.org\r\n\r\n";

constexpr std::string_view framing_open =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";

// One masked frame; `first`: the byte with the final bit and the opcode.
inline std::string masked(unsigned first, std::string_view payload) {
  std::string unmasked;
  append_websocket_frame(unmasked, WebsocketOpcode::text, payload);
  const std::size_t header_bytes = unmasked.size() - payload.size();
  const std::string_view mask("\x11\xa2\x33\xf4", 4);
  std::string frame = unmasked.substr(0, header_bytes);
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(frame[1] | '\x80');
  frame.append(mask);
  for (std::size_t at = 0; at < payload.size(); ++at) {
    frame.push_back(static_cast<char>(payload[at] ^ mask[at & 3]));
  }
  return frame;
}

inline std::string text_frame(std::string_view payload) {
  return masked(0x81, payload);
}

}  // namespace hotline::test
