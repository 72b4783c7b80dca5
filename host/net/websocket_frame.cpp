#include "net/websocket_frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fields.h"
#include "net/utf8.h"

namespace hotline {

namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_16_bit = 126;
constexpr unsigned length_64_bit = 127;
constexpr std::uint64_t control_payload_max = 125;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Appends `bytes` with the mask undone; `phase`: how many bytes of the frame came before.
void append_unmasked(std::string& out, std::string_view bytes, const std::array<char, 4>& mask,
                     std::uint64_t phase) {
  std::array<char, 8> rotated;
  for (std::size_t at = 0; at < rotated.size(); ++at) rotated[at] = mask[(phase + at) & 3];
  std::uint64_t wide_mask = 0;
  std::memcpy(&wide_mask, rotated.data(), sizeof wide_mask);
  const std::size_t start = out.size();
  out.append(bytes);
  char* to = out.data() + start;
  std::size_t at = 0;
  for (; at + sizeof wide_mask <= bytes.size(); at += sizeof wide_mask) {
    std::uint64_t word = 0;
    std::memcpy(&word, to + at, sizeof word);
    word ^= wide_mask;
    std::memcpy(to + at, &word, sizeof word);
  }
  for (; at < bytes.size(); ++at) to[at] = static_cast<char>(to[at] ^ rotated[at & 7]);
}

// Codes that may be sent (RFC 6455 7.4.1, 7.4.2).
bool is_close_code(std::uint64_t code) {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace

void append_websocket_header(std::string& out, WebsocketOpcode opcode, std::uint64_t payload_bytes) {
  out.push_back(static_cast<char>(final_bit | static_cast<unsigned>(opcode)));
  std::size_t length_bytes = 0;
  if (payload_bytes < length_16_bit) {
    out.push_back(static_cast<char>(payload_bytes));
  } else if (payload_bytes <= 0xffff) {
    out.push_back(static_cast<char>(length_16_bit));
    length_bytes = 2;
  } else {
    out.push_back(static_cast<char>(length_64_bit));
    length_bytes = 8;
  }
  while (length_bytes > 0) out.push_back(static_cast<char>(payload_bytes >> (8 * --length_bytes) & 0xff));
}

void append_websocket_frame(std::string& out, WebsocketOpcode opcode, std::string_view payload) {
  append_websocket_header(out, opcode, payload.size());
  out.append(payload);
}

void append_websocket_close(std::string& out, std::uint16_t code) {
  const char payload[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  append_websocket_frame(out, WebsocketOpcode::close, {payload, sizeof payload});
}

std::string WebsocketReader::take() {
  return std::exchange(is_control() ? control_ : message_, {});
}

void WebsocketReader::drop_message() {
  if (!is_in_message_) return;
  is_dropped_ = true;
  message_ = {};
}

void WebsocketReader::fail(std::uint16_t code, std::string reason) {
  code_ = code;
  reason_ = std::move(reason);
  message_ = {};
  control_ = {};
}

template <typename Pass>
void WebsocketReader::pass_fields(Pass& pass) {
  auto opcode = static_cast<std::uint8_t>(opcode_);
  std::string header(header_.data(), header_size_), mask(mask_.data(), mask_.size());
  pass.pass(header), pass.pass(is_header_whole_), pass.pass(is_final_), pass.pass(is_in_message_);
  pass.pass(is_dropped_), pass.pass(opcode), pass.pass(mask), pass.pass(payload_left_);
  pass.pass(payload_done_), pass.pass(message_), pass.pass(control_);
  opcode_ = static_cast<WebsocketOpcode>(opcode);
  header_size_ = static_cast<std::uint8_t>(std::min(header.size(), header_.size()));
  std::memcpy(header_.data(), header.data(), header_size_);
  std::memcpy(mask_.data(), mask.data(), std::min(mask.size(), mask_.size()));
}

std::string WebsocketReader::freeze() const {
  std::string frozen;
  FieldWriter fields(frozen);
  WebsocketReader(*this).pass_fields(fields);
  return frozen;
}

bool WebsocketReader::thaw(std::string_view frozen) {
  FieldReader fields(frozen);
  pass_fields(fields);
  // In a frame there is some left of it, and no more than may come.
  const bool has_header = header_size_ >= 2;
  return fields.is_whole() && message_.size() <= bytes_max_ && control_.size() <= control_payload_max &&
         payload_left_ <= bytes_max_ && (!is_header_whole_ || (has_header && payload_left_ > 0));
}

WebsocketReader::Found WebsocketReader::next(std::string_view& input) {
  while (code_ == 0) {
    if (!is_header_whole_) {
      if (!read_header(input)) return Found::need_more;
      judge_header();
      if (code_ != 0) break;
    }
    read_payload(input);
    if (payload_left_ > 0) return Found::need_more;
    is_header_whole_ = false;
    header_size_ = 0;
    const Found found = end_frame();
    if (found != Found::need_more) return found;
  }
  return Found::error;
}

// Gathers the header, whose own bytes say how long it is.
bool WebsocketReader::read_header(std::string_view& input) {
  for (;;) {
    std::size_t needed = 2;
    if (header_size_ >= 2) {
      const unsigned second = byte_at({header_.data(), 2}, 1);
      const unsigned length = second & ~mask_bit;
      needed += length == length_64_bit ? 8 : length == length_16_bit ? 2 : 0;
      needed += (second & mask_bit) != 0 ? 4 : 0;
    }
    if (header_size_ >= 2 && header_size_ >= needed) return true;
    if (input.empty()) return false;
    const std::size_t more = std::min(needed - header_size_, input.size());
    std::memcpy(header_.data() + header_size_, input.data(), more);
    header_size_ = static_cast<std::uint8_t>(header_size_ + more);
    input.remove_prefix(more);
  }
}

void WebsocketReader::judge_header() {
  is_header_whole_ = true;
  const std::string_view header(header_.data(), header_size_);
  const unsigned first = byte_at(header, 0);
  const unsigned second = byte_at(header, 1);
  is_final_ = (first & final_bit) != 0;
  opcode_ = static_cast<WebsocketOpcode>(first & 0x0f);
  if ((first & reserved_bits) != 0) return fail(websocket_protocol_error, "a reserved bit is set");
  if ((second & mask_bit) == 0) return fail(websocket_protocol_error, "a client's frames have to be masked");
  const unsigned length = second & ~mask_bit;
  payload_left_ = length;
  if (length == length_16_bit) payload_left_ = big_endian(header.substr(2, 2));
  if (length == length_64_bit) payload_left_ = big_endian(header.substr(2, 8));
  if ((length == length_16_bit && payload_left_ < length_16_bit) ||
      (length == length_64_bit && payload_left_ <= 0xffff)) {
    return fail(websocket_protocol_error, "a length that is longer than it has to be");
  }
  payload_done_ = 0;
  std::memcpy(mask_.data(), header.data() + header.size() - mask_.size(), mask_.size());

  switch (opcode_) {
    case WebsocketOpcode::close:
    case WebsocketOpcode::ping:
    case WebsocketOpcode::pong:
      if (!is_final_ || payload_left_ > control_payload_max) {
        fail(websocket_protocol_error, "a control frame that is too long or in fragments");
      }
      return;
    case WebsocketOpcode::continuation:
      if (!is_in_message_) return fail(websocket_protocol_error, "a continuation of nothing");
      break;
    case WebsocketOpcode::text:
      if (is_in_message_) return fail(websocket_protocol_error, "a message inside of another");
      is_in_message_ = true;
      break;
    case WebsocketOpcode::binary: return fail(websocket_unsupported, "only text messages are understood");
    default: return fail(websocket_protocol_error, "a frame of an unknown kind");
  }
  if (message_.size() > bytes_max_ || payload_left_ > bytes_max_ - message_.size()) {
    fail(websocket_too_big, "more than " + std::to_string(bytes_max_) + " bytes in one stanza");
  }
}

// Memory grows with what has come, never with what was announced.
void WebsocketReader::read_payload(std::string_view& input) {
  const std::size_t size = std::min<std::uint64_t>(payload_left_, input.size());
  const bool is_kept = is_control() || !is_dropped_;
  if (is_kept)
    append_unmasked(is_control() ? control_ : message_, input.substr(0, size), mask_, payload_done_);
  input.remove_prefix(size);
  payload_left_ -= size;
  payload_done_ += size;
}

WebsocketReader::Found WebsocketReader::end_frame() {
  switch (opcode_) {
    case WebsocketOpcode::close: return end_close();
    case WebsocketOpcode::ping: return Found::ping;
    case WebsocketOpcode::pong: control_ = {}; return Found::need_more;
    default: break;
  }
  if (!is_final_) return Found::need_more;
  is_in_message_ = false;
  if (std::exchange(is_dropped_, false)) return Found::need_more;
  if (is_utf8(message_)) return Found::message;
  fail(websocket_bad_payload, "the bytes are not UTF-8");
  return Found::error;
}

WebsocketReader::Found WebsocketReader::end_close() {
  const std::string payload = take();
  if (payload.empty()) {
    code_ = websocket_normal;
    return Found::close;
  }
  const std::uint64_t code = big_endian(std::string_view(payload).substr(0, 2));
  if (payload.size() == 1 || !is_close_code(code)) {
    fail(websocket_protocol_error, "a close frame without a proper code");
    return Found::error;
  }
  if (!is_utf8(std::string_view(payload).substr(2))) {
    fail(websocket_bad_payload, "the bytes are not UTF-8");
    return Found::error;
  }
  code_ = static_cast<std::uint16_t>(code);
  return Found::close;
}

}  // namespace hotline
