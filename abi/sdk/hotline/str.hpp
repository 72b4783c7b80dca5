// Text across the line: std::string_view inside a module, hl_str at its edge.
//
// "Absent" (hl_str.data == NULL) and a string_view with data() == nullptr mean the same; an empty text
// that is there has a data().
#pragma once

#include <string>
#include <string_view>

#include "hotline/types.h"

namespace hotline::sdk {

using Status = hl_status;

constexpr hl_str str(std::string_view text) {
  return {text.data(), text.size()};
}
constexpr std::string_view view(hl_str text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}
constexpr hl_str absent() {
  return {nullptr, 0};
}
constexpr bool is_absent(std::string_view text) {
  return text.data() == nullptr;
}
constexpr bool is_absent(hl_str text) {
  return text.data == nullptr;
}

}  // namespace hotline::sdk
