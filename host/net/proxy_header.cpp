#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace hotline {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view line_start = "PROXY ";
constexpr std::string_view binary_start = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t binary_head_bytes = 16;  // Signature, version and command, family and protocol, length.
constexpr std::size_t command_at = 12, family_at = 13, length_at = 14;

constexpr std::uint8_t local_command = 0x20, proxy_command = 0x21;
constexpr std::uint8_t unspecified = 0x00, tcp_over_v4 = 0x11, tcp_over_v6 = 0x21, unix_stream = 0x31;

// Bytes of a family's addresses and ports. Nothing for one that no stream socket has.
std::optional<std::size_t> addresses_size(std::uint8_t family) {
  switch (family) {
    case unspecified: return 0;
    case tcp_over_v4: return 12;
    case tcp_over_v6: return 36;
    case unix_stream: return 216;
    default: return std::nullopt;
  }
}

std::string_view take_line_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

// As inet_pton takes it: of IPv4 no number with a zero in front, of neither any space.
std::optional<PeerAddress> address_of(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> word{};
  std::array<std::uint8_t, 16> bytes{};
  if (text.size() >= word.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), word.begin());
  if (text.find('\0') != std::string_view::npos || inet_pton(family, word.data(), bytes.data()) != 1)
    return std::nullopt;
  return PeerAddress::named(std::span(bytes).first(family == AF_INET ? 4 : 16));
}

bool is_port(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || (digits.front() == '0' && digits.size() > 1)) return false;
  std::uint32_t port = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return port <= 65'535;
}

}  // namespace

ProxyHeader::State ProxyHeader::take(std::string_view& bytes) {
  while (state_ == State::more && !bytes.empty()) {
    take_byte(bytes.front());
    bytes.remove_prefix(1);
  }
  return state_;
}

void ProxyHeader::fail(std::string_view reason) {
  reason_ = reason;
  state_ = State::wrong;
}

void ProxyHeader::take_byte(char byte) {
  const bool is_line = size_ == 0 ? byte != binary_start.front() : kept_.front() != binary_start.front();
  if (is_line)
    take_of_line(byte);
  else
    take_of_binary(byte);
}

// ---- version 1

void ProxyHeader::take_of_line(char byte) {
  if (size_ < line_start.size() && byte != line_start[size_]) return fail("it does not begin as one");
  const bool is_behind_return = size_ != 0 && kept_[size_ - 1] == '\r';
  if ((byte == '\n') != is_behind_return) return fail("its line does not end as it should");
  kept_[size_++] = byte;
  if (byte == '\n') return read_line();
  if (size_ == line_bytes_max) fail("its line has more than 107 bytes");
}

void ProxyHeader::read_line() {
  std::string_view line(kept_.data(), size_ - 2);
  line.remove_prefix(line_start.size());
  const std::string_view family = take_line_word(line);
  if (family == "UNKNOWN") {
    state_ = State::whole;
    return;
  }
  if (family != "TCP4" && family != "TCP6") return fail("it names neither TCP4, TCP6 nor UNKNOWN");
  const int number = family == "TCP4" ? AF_INET : AF_INET6;
  const std::optional<PeerAddress> source = address_of(number, take_line_word(line));
  const std::optional<PeerAddress> destination = address_of(number, take_line_word(line));
  if (!source || !destination) return fail("it has an address that is none of its family");
  const std::string_view source_port = take_line_word(line);
  if (!is_port(source_port) || !is_port(line)) return fail("it has a port that is none");
  client_ = source;
  state_ = State::whole;
}

// ---- version 2

void ProxyHeader::take_of_binary(char byte) {
  const auto value = static_cast<std::uint8_t>(byte);
  if (size_ >= binary_head_bytes) {
    if (size_ < kept_.size()) kept_[size_++] = byte;
    if (++taken_ == rest_) read_addresses();
    return;
  }
  if (size_ < binary_start.size() && byte != binary_start[size_]) return fail("it does not begin as one");
  if (size_ == command_at && value != local_command && value != proxy_command)
    return fail("its version is not 2, or its command neither LOCAL nor PROXY");
  if (size_ == family_at && !addresses_size(value)) return fail("its family is none of a stream's");
  kept_[size_++] = byte;
  if (size_ != binary_head_bytes) return;
  const auto at = [this](std::size_t index) { return static_cast<std::uint8_t>(kept_[index]); };
  rest_ = static_cast<std::uint16_t>(at(length_at) << 8 | at(length_at + 1));
  if (rest_ > rest_bytes_max) return fail("it has more than 4096 bytes behind its first 16");
  if (at(command_at) == proxy_command && rest_ < *addresses_size(at(family_at)))
    return fail("it is too short for the addresses of its family");
  if (rest_ == 0) read_addresses();
}

void ProxyHeader::read_addresses() {
  state_ = State::whole;
  if (static_cast<std::uint8_t>(kept_[command_at]) != proxy_command) return;
  const auto family = static_cast<std::uint8_t>(kept_[family_at]);
  if (family != tcp_over_v4 && family != tcp_over_v6) return;
  std::array<std::uint8_t, 16> source{};
  const std::size_t size = family == tcp_over_v4 ? 4 : 16;
  std::memcpy(source.data(), kept_.data() + binary_head_bytes, size);
  client_ = PeerAddress::named(std::span(source).first(size));
}

}  // namespace hotline
