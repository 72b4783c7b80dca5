// ASCII letters without their case: what protocols call case-insensitive (RFC 7230 3.2, RFC 6125 6.4.1).
#pragma once

#include <algorithm>
#include <string_view>

namespace hotline {

inline char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace hotline
