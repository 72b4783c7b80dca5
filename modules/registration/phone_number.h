// A phone number as somebody wrote it, and as the account's name has it: E.164 digits, no '+'.
//
// Strict, so that one phone has one name: a '+' or nothing, the country code, no prefix for calls within the
// country. What may stand between digits are single spaces, dots, hyphens and brackets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hotline::registration {

struct PhoneNumber {
  std::string digits;   // "491711234567"; empty: it is none.
  std::string problem;  // Then why not, in words for people.
};

PhoneNumber read_phone_number(std::string_view text);

}  // namespace hotline::registration
