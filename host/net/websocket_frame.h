// WebSocket frames, a server's side of RFC 6455 5: reading a client's, writing ours.
//
// No library: libwslay's frame layer keeps 4 KiB of read-ahead a connection; here an idle one keeps some
// counters, and a message exists only while it is coming in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hotline {

enum class WebsocketOpcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

// Why a WebSocket is closed (RFC 6455 7.4.1).
constexpr std::uint16_t websocket_normal = 1000;
constexpr std::uint16_t websocket_protocol_error = 1002;
constexpr std::uint16_t websocket_unsupported = 1003;
constexpr std::uint16_t websocket_bad_payload = 1007;
constexpr std::uint16_t websocket_policy = 1008;
constexpr std::uint16_t websocket_too_big = 1009;

// Appends one whole, unmasked frame.
void append_websocket_frame(std::string& out, WebsocketOpcode opcode, std::string_view payload);
// The header alone, for `payload_bytes` that the caller appends.
void append_websocket_header(std::string& out, WebsocketOpcode opcode, std::uint64_t payload_bytes);
void append_websocket_close(std::string& out, std::uint16_t code);

// From bytes to messages: joins fragments, lets control frames through between them, undoes the mask.
class WebsocketReader {
 public:
  enum class Found : std::uint8_t {
    need_more,  // All of the input is consumed.
    message,    // take() has a whole text message, checked to be UTF-8.
    ping,       // take() has its payload.
    close,      // The peer closes; code() is its reason, or websocket_normal.
    error,      // code() and reason() say why; the connection must fail.
  };

  explicit WebsocketReader(std::uint32_t message_bytes_max) : bytes_max_(message_bytes_max) {}

  // Consumes from the front of `input`.
  Found next(std::string_view& input);
  std::string take();

  void set_max(std::uint32_t message_bytes_max) { bytes_max_ = message_bytes_max; }
  // What has come of a message, its mask undone, as long as it is not whole.
  std::string_view partial() const {
    return is_in_message_ ? std::string_view(message_) : std::string_view();
  }
  // The message that is coming in will not be reported.
  void drop_message();
  bool has_partial() const { return header_size_ > 0 || is_in_message_; }
  // Its whole state between two bytes; of one that has failed there is none.
  std::string freeze() const;
  // Of a new one. False: that could not have been frozen.
  bool thaw(std::string_view frozen);
  std::uint16_t code() const { return code_; }
  std::string_view reason() const { return reason_; }

 private:
  static constexpr std::size_t header_bytes_max = 14;  // Two, eight of length, four of mask.

  template <typename Pass>
  void pass_fields(Pass& pass);
  bool read_header(std::string_view& input);
  void judge_header();
  void read_payload(std::string_view& input);
  Found end_frame();
  Found end_close();
  void fail(std::uint16_t code, std::string reason);
  bool is_control() const { return static_cast<unsigned>(opcode_) >= 8; }

  std::uint32_t bytes_max_;
  std::uint8_t header_size_ = 0;  // Bytes of it that came; 0 between frames.
  bool is_header_whole_ = false;
  bool is_final_ = false;
  bool is_in_message_ = false;  // Begun, its final frame has not ended.
  bool is_dropped_ = false;
  WebsocketOpcode opcode_ = WebsocketOpcode::continuation;
  std::array<char, header_bytes_max> header_{};
  std::array<char, 4> mask_{};
  std::uint64_t payload_left_ = 0;
  std::uint64_t payload_done_ = 0;
  std::string message_, control_;
  std::uint16_t code_ = 0;
  std::string reason_;
};

}  // namespace hotline
