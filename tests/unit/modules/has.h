// has(): whether a text has another in it, as the modules' tests ask of what was sent.
#pragma once

#include <string_view>

namespace hotline::test {

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace hotline::test
