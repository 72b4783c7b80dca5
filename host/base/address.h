// Addresses (RFC 7622: localpart@domainpart/resourcepart), taken apart without copying.
#pragma once

#include <string_view>

namespace hotline {

struct Address {
  std::string_view text, local, domain, resource, bare;
  bool has_resource = false;
};

// Splits; checks nothing but that no part that is there is empty or longer than 1,023 bytes.
// False: it is not an address.
inline bool parse_address(std::string_view text, Address& out) {
  constexpr std::size_t part_bytes_max = 1023;
  out = {};
  out.text = text;
  const std::size_t slash = text.find('/');
  out.bare = text.substr(0, slash);
  if (slash != std::string_view::npos) {
    out.has_resource = true;
    out.resource = text.substr(slash + 1);
    if (out.resource.empty() || out.resource.size() > part_bytes_max) return false;
  }
  const std::size_t at = out.bare.find('@');
  out.domain = at == std::string_view::npos ? out.bare : out.bare.substr(at + 1);
  if (at != std::string_view::npos) {
    out.local = out.bare.substr(0, at);
    if (out.local.empty() || out.local.size() > part_bytes_max) return false;
  }
  return !out.domain.empty() && out.domain.size() <= part_bytes_max &&
         out.domain.find('@') == std::string_view::npos;
}

inline std::string_view bare_of(std::string_view address) {
  return address.substr(0, address.find('/'));
}

}  // namespace hotline
