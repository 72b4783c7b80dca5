// Base64 as SASL in XMPP wants it (RFC 4648 4, RFC 6120 6.4): padded, without line breaks, nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::session {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      out.append(1, at + i <= bytes.size() ? base64_alphabet[group >> (18 - 6 * i) & 63] : '=');
  }
  return out;
}

inline std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  std::size_t padding = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_padding = text[at] == '=' && at + 2 >= text.size();
    const std::size_t digit = is_padding ? 0 : base64_alphabet.find(text[at]);
    if (digit == std::string_view::npos || (padding > 0 && !is_padding)) return std::nullopt;
    padding += is_padding ? 1 : 0;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (at % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) out.append(1, static_cast<char>(group >> shift));
    group = 0;
  }
  // Bits behind the padding must be zero: one text for one value.
  if (padding > 0 && text.size() >= 4) {
    const std::size_t last = base64_alphabet.find(text[text.size() - padding - 1]);
    if ((last & (padding == 1 ? 3u : 15u)) != 0) return std::nullopt;
  }
  out.resize(out.size() - padding);
  return out;
}

}  // namespace hotline::session
