#include "base/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hotline {
namespace {

constexpr std::size_t v4_at = 12;
constexpr unsigned v4_bits = 32, bits_max = 128;

std::uint8_t mask_of(unsigned bits, std::size_t byte) {
  const unsigned before = static_cast<unsigned>(byte) * 8;
  const unsigned inside = bits <= before ? 0 : std::min(bits - before, 8u);
  return static_cast<std::uint8_t>(0xff00u >> inside);
}

}  // namespace

Result<IpNetwork> IpNetwork::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  IpNetwork network;
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), network.bytes_.data() + v4_at) == 1;
  if (is_v4) {
    network.bytes_[10] = network.bytes_[11] = 0xff;
  } else if (inet_pton(AF_INET6, address.c_str(), network.bytes_.data()) != 1) {
    return Error{"`" + text + "` is no network: write 10.0.0.0/8, 2001:db8::/32, or an address alone"};
  }
  if (slash != std::string::npos) {
    const unsigned most = is_v4 ? v4_bits : bits_max;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + slash + 1, end, network.bits_);
    if (error != std::errc{} || at != end || network.bits_ > most)
      return Error{"`" + text + "` has no length from 0 to " + std::to_string(most) + " behind the slash"};
    if (is_v4) network.bits_ += bits_max - v4_bits;
  }
  for (std::size_t i = 0; i < network.bytes_.size(); ++i)
    if ((network.bytes_[i] & ~mask_of(network.bits_, i)) != 0)
      return Error{"`" + text + "` is an address within a network: leave the bits behind its length zero"};
  return network;
}

bool IpNetwork::contains(const IpBytes& address) const {
  for (std::size_t i = 0; i < bytes_.size(); ++i)
    if ((address[i] & mask_of(bits_, i)) != bytes_[i]) return false;
  return true;
}

}  // namespace hotline
