// Several texts as one, for a stream's scratch: each with its size in front (two bytes, the high one first).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::session {

inline void append_field(std::string& out, std::string_view field) {
  out.append(1, static_cast<char>(field.size() >> 8)).append(1, static_cast<char>(field.size()));
  out.append(field);
}

// Takes the next one from the front. A view into `rest`; nothing when it is cut.
inline std::optional<std::string_view> take_field(std::string_view& rest) {
  if (rest.size() < 2) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 8 |
                           static_cast<unsigned char>(rest[1]);
  if (rest.size() < 2 + size) return std::nullopt;
  const std::string_view field = rest.substr(2, size);
  rest.remove_prefix(2 + size);
  return field;
}

}  // namespace hotline::session
