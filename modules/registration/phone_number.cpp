#include "registration/phone_number.h"

#include <algorithm>
#include <charconv>

#include "registration/number_plan.h"

namespace hotline::registration {

namespace {

constexpr std::size_t written_bytes_max = 40;
constexpr std::size_t digits_max = 15;  // E.164.
constexpr std::size_t calling_code_digits_max = 3;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

PhoneNumber problem(std::string text) {
  return {{}, std::move(text)};
}

// Calling codes are no beginnings of one another.
const NumberPlan* plan_of(std::string_view digits) {
  for (std::size_t size = 1; size <= calling_code_digits_max && size < digits.size(); ++size) {
    unsigned code = 0;
    std::from_chars(digits.data(), digits.data() + size, code);
    const auto* found = std::find_if(number_plans.begin(), number_plans.end(),
                                     [code](const NumberPlan& plan) { return plan.calling_code == code; });
    if (found != number_plans.end()) return found;
  }
  return nullptr;
}

}  // namespace

PhoneNumber read_phone_number(std::string_view text) {
  if (text.size() > written_bytes_max) return problem("a phone number has at most 15 digits");
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string digits;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      digits.append(1, c);
    } else if (std::string_view(" .-()").find(c) == std::string_view::npos || at == 0 ||
               at + 1 == text.size()) {
      return problem("a phone number is `+` and digits, with spaces, dots, hyphens or brackets between them");
    }
  }
  if (digits.empty()) return problem("the phone number is missing");
  if (digits.front() == '0') return problem("a phone number begins with its country code, as in +49");
  if (digits.size() > digits_max) return problem("a phone number has at most 15 digits");
  const NumberPlan* plan = plan_of(digits);
  if (plan == nullptr) return problem("there is no such country code");
  const std::size_t code_size = std::to_string(plan->calling_code).size();
  const std::size_t national = digits.size() - code_size;
  if (digits[code_size] == '0' && !plan->has_leading_zeros)
    return problem("behind the country code the 0 is left out");
  if ((plan->lengths >> national & 1) == 0)
    return problem("a number of that country has another count of digits");
  return {std::move(digits), {}};
}

}  // namespace hotline::registration
