// PeerAddress: who is at the other end of a socket, without the port. 17 bytes, so that each connection can
// keep it.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/ip_network.h"

namespace hotline {

class PeerAddress {
 public:
  // IPv4, also when it comes in an IPv6 socket; IPv6; anything else (a socket pair) is local.
  static PeerAddress of(const sockaddr_storage& address);
  static PeerAddress local() { return PeerAddress(); }
  // As a load balancer names it (proxy_header.h): the 4 bytes of IPv4, or 16. It is never this machine's own,
  // whatever it is: the machine that it would be is another.
  static PeerAddress named(std::span<const std::uint8_t> bytes);

  // As text() and is_loopback() told it in another process, which had it of a socket or of a load balancer.
  static PeerAddress read(const std::string& text, bool is_loopback);

  std::string text() const;  // "192.0.2.1", "2001:db8::1", "local".
  // What limits count it as: "192.0.2.1", "2001:db8::/64", "local". Whoever has one IPv6 address has the
  // whole /64 that it is in.
  std::string network() const;
  bool is_loopback() const;
  // All zero for one that is local.
  const IpBytes& bytes() const { return bytes_; }
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;

 private:
  enum class Source : std::uint8_t { local, socket, header };
  bool is_v4() const;
  void set_v4(const void* bytes);

  IpBytes bytes_{};
  Source source_ = Source::local;
};

}  // namespace hotline
