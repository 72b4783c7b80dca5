// IpNetwork: a range of addresses as operators write it, 10.0.0.0/8 or 2001:db8::/32. A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace hotline {

// IPv4 as RFC 4291 2.5.5.2 maps it.
using IpBytes = std::array<std::uint8_t, 16>;

class IpNetwork {
 public:
  // An address alone is a network of one. Bits behind the length must be zero, so that a slip is seen.
  static Result<IpNetwork> parse(const std::string& text);

  bool contains(const IpBytes& address) const;

 private:
  IpBytes bytes_{};
  unsigned bits_ = 128;
};

}  // namespace hotline
