// Several texts as one, for rows and posts: each with its size in front (eight bytes, little-endian).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::registration {

inline std::string join_fields(std::initializer_list<std::string_view> fields) {
  std::string out;
  for (const std::string_view field : fields) {
    std::uint64_t size = field.size();
    for (int i = 0; i < 8; ++i, size >>= 8) out.append(1, static_cast<char>(size));
    out.append(field);
  }
  return out;
}

// Nothing unless it is exactly that many.
inline std::optional<std::vector<std::string>> split_fields(std::string_view bytes, std::size_t count) {
  std::vector<std::string> fields;
  while (!bytes.empty()) {
    if (bytes.size() < 8 || fields.size() == count) return std::nullopt;
    std::uint64_t size = 0;
    for (std::size_t i = 8; i > 0; --i) size = size << 8 | static_cast<unsigned char>(bytes[i - 1]);
    bytes.remove_prefix(8);
    if (size > bytes.size()) return std::nullopt;
    fields.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return fields.size() == count ? std::optional(std::move(fields)) : std::nullopt;
}

}  // namespace hotline::registration
