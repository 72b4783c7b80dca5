#include "stamp.h"

#include <array>

namespace hotline::bench {
namespace {

constexpr std::string_view mark = "hb ";
constexpr std::string_view digits = "0123456789abcdef";

void put_hex(char* at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0; value >>= 4U) at[i] = digits[value & 15U];
}

std::optional<std::uint64_t> take_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10U;
    } else {
      return std::nullopt;
    }
    value = (value << 4U) | digit;
  }
  return value;
}

}  // namespace

void append_body(std::string& out, const Stamp& stamp, std::size_t body_size) {
  std::array<char, stamp_size> text{};
  text.fill(' ');
  mark.copy(text.data(), mark.size());
  put_hex(&text[3], stamp.run, 8);
  put_hex(&text[12], stamp.lane, 8);
  put_hex(&text[21], stamp.number, 8);
  put_hex(&text[30], static_cast<std::uint64_t>(stamp.due_ns), 16);
  out.append(text.data(), text.size());
  if (body_size > stamp_size) out.append(body_size - stamp_size, 'x');
}

std::optional<Stamp> read_stamp(std::string_view body) {
  if (body.size() < stamp_size || !body.starts_with(mark)) return std::nullopt;
  const auto run = take_hex(body.substr(3, 8));
  const auto lane = take_hex(body.substr(12, 8));
  const auto number = take_hex(body.substr(21, 8));
  const auto due = take_hex(body.substr(30, 16));
  if (!run || !lane || !number || !due) return std::nullopt;
  return Stamp{static_cast<std::uint32_t>(*run), static_cast<std::uint32_t>(*lane),
               static_cast<std::uint32_t>(*number), static_cast<std::int64_t>(*due)};
}

}  // namespace hotline::bench
