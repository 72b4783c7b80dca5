// Bytes as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace hotline::session {

inline std::string hex_encode(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return out;
}

}  // namespace hotline::session
