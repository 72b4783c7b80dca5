// XEP-0082: a moment as text, "2014-02-24T19:03:07.250Z".
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace hotline::sdk {

// `wall_ms` is milliseconds since 1970 UTC (clock.wall_ms).
inline std::string timestamp(std::uint64_t wall_ms) {
  // Days to a date of the Gregorian calendar in eras of 400 years that begin on 1 March: no time
  // zone database and no static buffer is involved.
  const std::uint64_t days = wall_ms / 86'400'000 + 719'468;  // Since 0000-03-01.
  const std::uint64_t ms = wall_ms % 86'400'000;
  const std::uint64_t era = days / 146'097;
  const std::uint64_t day_of_era = days % 146'097;
  const std::uint64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t shifted_month = (5 * day_of_year + 2) / 153;  // 0 is March.
  const unsigned day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const unsigned month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  const unsigned year = static_cast<unsigned>(era * 400 + year_of_era + (month <= 2 ? 1 : 0));
  char out[48];
  const int size =
      std::snprintf(out, sizeof out, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day,
                    static_cast<unsigned>(ms / 3'600'000), static_cast<unsigned>(ms / 60'000 % 60),
                    static_cast<unsigned>(ms / 1000 % 60), static_cast<unsigned>(ms % 1000));
  return {out, static_cast<std::size_t>(size)};
}

}  // namespace hotline::sdk
