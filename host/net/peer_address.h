// PeerAddress: who is at the other end of a socket, without the port. 17 bytes, so that each connection can
// keep it.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace hotline {

class PeerAddress {
 public:
  // IPv4, also when it comes in an IPv6 socket; IPv6; anything else (a socket pair) is local.
  static PeerAddress of(const sockaddr_storage& address);
  static PeerAddress local() { return PeerAddress(); }

  std::string text() const;  // "192.0.2.1", "2001:db8::1", "local".
  bool is_loopback() const;
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;

 private:
  bool is_v4() const;

  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as RFC 4291 2.5.5.2 maps it.
  bool is_local_ = true;
};

}  // namespace hotline
