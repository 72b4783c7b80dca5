// JSON from outside, read strictly: bounded depth, no key twice, and the line of everything.
//
// Two readers on one parser: a file that people write (comments allowed, lines remembered for
// messages) and a message that a program sends (neither). Any thread; nothing is shared.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hotline {

// Deeper values are refused: copying and writing JSON out is recursive.
constexpr std::size_t json_depth_max = 32;

struct JsonDocument {
  nlohmann::json value;
  // Where a value's key stands (where it begins, in a list), by path: "limits.idle_seconds",
  // "listen[2].port". The whole document is "".
  std::map<std::string, int, std::less<>> lines;

  int line(std::string_view path) const;  // Of the path, or of the nearest thing around it.
};

// `file` is how messages begin: "hotline.json:12: …". Comments are // and /* */.
Result<JsonDocument> parse_json_file(std::string_view text, std::string_view file);

// One message of a protocol: the error says what is wrong, in one line.
Result<nlohmann::json> parse_json_message(std::string_view text);

// The path of a value inside the value at `parent`.
std::string json_member_path(std::string_view parent, std::string_view key);
std::string json_element_path(std::string_view parent, std::size_t index);

// Written for a wire or a terminal: one line, invalid UTF-8 replaced and never thrown at.
std::string json_line(const nlohmann::json& value);

}  // namespace hotline
