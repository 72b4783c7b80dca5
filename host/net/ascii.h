// What protocols say of ASCII characters: letters without their case (RFC 7230 3.2, RFC 6125 6.4.1), and
// spaces.
#pragma once

#include <algorithm>
#include <string_view>

namespace hotline {

inline char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// XML's white space, and no other (XML 1.0, 2.3).
inline bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace hotline
