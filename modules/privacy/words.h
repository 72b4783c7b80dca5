// Words that privacy and profile share: cutting posted bytes into lines, and turning a request down.
#pragma once

#include <string>
#include <string_view>

namespace hotline::privacy {

// Takes the text up to the next line feed, and the line feed. All of it where there is none.
inline std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

// The bare part of a prepared address.
constexpr std::string_view bare(std::string_view address) {
  return address.substr(0, address.find('/'));
}

// Why a request is turned down.
struct Refusal {
  std::string_view type, condition;
  std::string text = {};
  std::string more = {};  // XML of a condition of ours.
};

}  // namespace hotline::privacy
