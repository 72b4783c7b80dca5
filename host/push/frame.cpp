#include "push/frame.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace hotline {

namespace {
constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
constexpr std::string_view hex_letters = "0123456789abcdef";
constexpr std::size_t build_id_max = 128;
}  // namespace

std::string Frame::text() const {
  std::array<char, 24> at{};
  std::snprintf(at.data(), at.size(), "+0x%llx", static_cast<unsigned long long>(offset));
  return module + at.data() + " [" + build_id + "]";
}

std::optional<std::uint64_t> parse_offset(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Frame> take_frame(std::string_view& text) {
  constexpr std::string_view plus = "+0x";
  for (std::size_t at = text.find(plus); at != std::string_view::npos; at = text.find(plus, at + 1)) {
    const std::size_t before = text.substr(0, at).find_last_not_of(name_letters);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t digits = at + plus.size();
    const std::size_t end = std::min(text.find_first_not_of(hex_letters, digits), text.size());
    const std::optional<std::uint64_t> offset = parse_offset(text.substr(digits, end - digits));
    if (!offset || begin == at || !text.substr(end).starts_with(" [")) continue;
    const std::size_t id = end + 2;
    const std::size_t id_end = std::min(text.find_first_not_of(hex_letters, id), text.size());
    if (id_end == id || id_end - id > build_id_max || !text.substr(id_end).starts_with("]")) continue;
    Frame frame{std::string(text.substr(begin, at - begin)), *offset,
                std::string(text.substr(id, id_end - id))};
    text.remove_prefix(id_end + 1);
    return frame;
  }
  return std::nullopt;
}

}  // namespace hotline
