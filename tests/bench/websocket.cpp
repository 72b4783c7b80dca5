#include "websocket.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "scram.h"

namespace hotline::bench {
namespace {

constexpr unsigned opcode_text = 1;
constexpr unsigned opcode_close = 8;
constexpr unsigned opcode_ping = 9;
constexpr unsigned last_frame_bit = 0x80;
constexpr unsigned masked_bit = 0x80;

unsigned byte_at(const std::string& text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

std::string websocket_request(std::string_view host, std::string_view path) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  request += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  request += "Sec-WebSocket-Protocol: xmpp\r\nSec-WebSocket-Key: ";
  request += base64_encode("a benchmark key.");  // Sixteen bytes; only caches care that it varies.
  request += "\r\n\r\n";
  return request;
}

// The mask is constant: it protects proxies from browsers, and there is neither here. Zeroes would let a
// server skip unmasking, so they are not used.
void append_websocket_text(std::string& out, std::string_view text) {
  constexpr std::array<unsigned char, 4> mask{0x5a, 0x13, 0xc7, 0x2e};
  out += static_cast<char>(last_frame_bit | opcode_text);
  if (text.size() < 126) {
    out += static_cast<char>(masked_bit | text.size());
  } else if (text.size() < 65'536) {
    out += static_cast<char>(masked_bit | 126U);
    out += static_cast<char>(text.size() >> 8U);
    out += static_cast<char>(text.size() & 0xffU);
  } else {
    out += static_cast<char>(masked_bit | 127U);
    for (unsigned shift = 64; shift > 0; shift -= 8) out += static_cast<char>(text.size() >> (shift - 8));
  }
  for (const unsigned char c : mask) out += static_cast<char>(c);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(text[i]) ^ mask[i % mask.size()]);
  }
}

std::optional<bool> WebSocketReader::take_answer() {
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const bool is_switched = buffer_.starts_with("HTTP/1.1 101");
  buffer_.erase(0, end + 4);
  return is_switched;
}

std::optional<WebSocketReader::Frame> WebSocketReader::next() {
  while (buffer_.size() >= 2) {
    const unsigned opcode = byte_at(buffer_, 0) & 0x0fU;
    const bool is_last = (byte_at(buffer_, 0) & last_frame_bit) != 0;
    std::uint64_t size = byte_at(buffer_, 1) & 0x7fU;
    const std::size_t size_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
    const std::size_t header = 2 + size_bytes;
    if (buffer_.size() < header) return std::nullopt;
    if (size_bytes != 0) size = 0;
    for (std::size_t i = 0; i < size_bytes; ++i) size = (size << 8U) | byte_at(buffer_, 2 + i);
    if (buffer_.size() - header < size) return std::nullopt;
    std::string payload = buffer_.substr(header, size);
    buffer_.erase(0, header + size);
    if (opcode == opcode_ping) return Frame{Frame::Kind::ping, std::move(payload)};
    if (opcode == opcode_close) return Frame{Frame::Kind::close, std::move(payload)};
    if (opcode > opcode_close) continue;
    partial_ += payload;
    if (is_last) {
      Frame frame{Frame::Kind::text, std::move(partial_)};
      partial_.clear();
      return frame;
    }
  }
  return std::nullopt;
}

}  // namespace hotline::bench
