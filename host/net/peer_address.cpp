#include "net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace hotline {
namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

void PeerAddress::set_v4(const void* bytes) {
  std::copy(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
  std::memcpy(bytes_.data() + v4_prefix.size(), bytes, bytes_.size() - v4_prefix.size());
}

PeerAddress PeerAddress::of(const sockaddr_storage& address) {
  PeerAddress peer;
  if (address.ss_family == AF_INET) {
    peer.set_v4(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    peer.source_ = Source::socket;
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(peer.bytes_.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    peer.source_ = Source::socket;
  }
  return peer;
}

PeerAddress PeerAddress::named(std::span<const std::uint8_t> bytes) {
  PeerAddress peer;
  check(bytes.size() == 4 || bytes.size() == peer.bytes_.size(), "an address has 4 bytes or 16");
  if (bytes.size() == 4) {
    peer.set_v4(bytes.data());
  } else {
    std::copy(bytes.begin(), bytes.end(), peer.bytes_.begin());
  }
  peer.source_ = Source::header;
  return peer;
}

PeerAddress PeerAddress::read(const std::string& text, bool is_loopback) {
  std::array<std::uint8_t, sizeof(in6_addr)> bytes{};
  const bool is_v4 = inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
  if (!is_v4 && inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return local();
  PeerAddress peer = named(std::span(bytes).first(is_v4 ? sizeof(in_addr) : bytes.size()));
  if (is_loopback) peer.source_ = Source::socket;
  return peer;
}

bool PeerAddress::is_v4() const {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
}

std::string PeerAddress::text() const {
  if (source_ == Source::local) return "local";
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + v4_prefix.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  }
  return text;
}

std::string PeerAddress::network() const {
  if (source_ == Source::local || is_v4()) return text();
  constexpr std::size_t network_bytes_v6 = 8;
  PeerAddress first = *this;
  std::fill(first.bytes_.begin() + network_bytes_v6, first.bytes_.end(), std::uint8_t{0});
  return first.text() + "/64";
}

bool PeerAddress::is_loopback() const {
  if (source_ != Source::socket) return source_ == Source::local;
  if (is_v4()) return bytes_[12] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
         bytes_[15] == 1;
}

}  // namespace hotline
