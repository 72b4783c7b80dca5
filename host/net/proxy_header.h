// ProxyHeader: what a load balancer says of the client it speaks for before the client's first byte (the
// PROXY protocol of HAProxy, versions 1 and 2). Strict: a byte that cannot be of such a header is an error at
// once.
//
// It holds what it needs of the header, 107 bytes, and allocates nothing. Type-length-values behind the
// addresses of version 2 are passed over, not read.
//
// Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/peer_address.h"

namespace hotline {

class ProxyHeader {
 public:
  static constexpr std::size_t line_bytes_max = 107;    // Version 1, its line end included.
  static constexpr std::size_t rest_bytes_max = 4'096;  // Version 2: addresses and what is behind them.

  enum class State : std::uint8_t { more, whole, wrong };

  // Takes from the front of `bytes` what is of the header, and no byte more.
  State take(std::string_view& bytes);

  State state() const { return state_; }
  bool has_begun() const { return size_ != 0; }
  // Of one that is whole: the client; nothing where it names none (LOCAL, UNKNOWN, UNSPEC, a UNIX socket).
  std::optional<PeerAddress> client() const { return client_; }
  // Of one that is wrong.
  std::string_view reason() const { return reason_; }

 private:
  void take_byte(char byte);
  void take_of_line(char byte);
  void take_of_binary(char byte);
  void read_line();
  void read_addresses();
  void fail(std::string_view reason);

  std::array<char, line_bytes_max> kept_{};  // The line; of version 2 its first 16 bytes and the addresses.
  std::uint8_t size_ = 0;                    // Of what is kept.
  State state_ = State::more;
  std::uint16_t rest_ = 0;   // Version 2: bytes behind the first 16, as it says ...
  std::uint16_t taken_ = 0;  // ... and how many of them have come.
  std::optional<PeerAddress> client_;
  std::string_view reason_;
};

}  // namespace hotline
