// Prints modules/registration/number_plan.h from libphonenumber's data: see scripts/number-plan.
#include <phonenumbers/phonenumberutil.h>

#include <cstdint>
#include <cstdio>
#include <list>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

constexpr int digits_max = 15;  // E.164, the calling code included.
constexpr PhoneNumberUtil::PhoneNumberType reachable[] = {PhoneNumberUtil::MOBILE,
                                                          PhoneNumberUtil::FIXED_LINE};

// A bit for each length that a number by which somebody can be reached may have behind the calling code.
std::uint32_t lengths_of(const PhoneNumberUtil& util, int calling_code) {
  std::uint32_t lengths = 0;
  const int code_digits = static_cast<int>(std::to_string(calling_code).size());
  std::uint64_t number = 2;  // Which digits they are does not matter for what is possible.
  for (int digits = 1; digits <= digits_max - code_digits; ++digits, number = number * 10 + 2) {
    PhoneNumber candidate;
    candidate.set_country_code(calling_code);
    candidate.set_national_number(number);
    for (const auto type : reachable)
      if (util.IsPossibleNumberForTypeWithReason(candidate, type) == PhoneNumberUtil::IS_POSSIBLE)
        lengths |= 1u << digits;
  }
  return lengths;
}

bool has_leading_zeros(const PhoneNumberUtil& util, int calling_code) {
  std::list<std::string> regions;
  util.GetRegionCodesForCountryCallingCode(calling_code, &regions);
  for (const std::string& region : regions)
    for (const auto type : reachable) {
      PhoneNumber example;
      if (util.GetExampleNumberForType(region, type, &example) && example.italian_leading_zero()) return true;
    }
  return false;
}

}  // namespace

int main() {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  std::set<int> codes;
  util.GetSupportedCallingCodes(&codes);
  for (const int code : codes)
    if (const std::uint32_t lengths = lengths_of(util, code); lengths != 0)
      std::printf("    {%d, 0x%04x, %s},\n", code, lengths, has_leading_zeros(util, code) ? "true" : "false");
  return 0;
}
