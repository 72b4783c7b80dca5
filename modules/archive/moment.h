// Moments, as ids and queries have them.
//
// An archive's id is the moment it was drawn at, in microseconds as 14 hexadecimal digits, and 64 random bits
// as 16: in order of time, in order within a millisecond (keeping.h), never the same again, and not to be
// guessed. It is the row's key, and its moment is the message's.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::archive {

constexpr std::size_t moment_digits = 14;  // Microseconds up to the year 4253.
constexpr std::size_t id_size = moment_digits + 16;
constexpr std::uint64_t us_per_ms = 1'000;

inline std::string moment_text(std::uint64_t us) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(moment_digits, '0');
  for (std::size_t i = moment_digits; i > 0; --i, us >>= 4) text[i - 1] = digits[us & 15];
  return text;
}

// Of an id, or of moment_text(). 0 for what is neither.
inline std::uint64_t moment_us(std::string_view id) {
  std::uint64_t us = 0;
  const std::string_view digits = id.substr(0, moment_digits);
  const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), us, 16);
  const bool is_moment =
      digits.size() == moment_digits && error == std::errc{} && at == digits.data() + digits.size();
  return is_moment ? us : 0;
}

// XEP-0082 as milliseconds since 1970: "2014-02-24T19:03:07.25+01:00". Nothing for what is no such moment; 0
// for one before 1970.
std::optional<std::uint64_t> moment_of_timestamp(std::string_view text);

}  // namespace hotline::archive
