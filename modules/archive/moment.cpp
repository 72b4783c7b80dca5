#include "moment.h"

#include <algorithm>
#include <charconv>

namespace hotline::archive {

namespace {

constexpr std::int64_t day_s = 86'400;

// A number of exactly so many digits, taken from the front.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits) {
  std::int64_t number = 0;
  if (text.size() < digits || text.front() == '-') return std::nullopt;
  const char* end = text.data() + digits;
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Days since 1970 of a date of the Gregorian calendar, in eras of 400 years that begin on 1 March.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  if (month <= 2) --year;
  const std::int64_t era = year / 400, year_of_era = year % 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || *year < 1 || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || *month < 1 || *month > 12 || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || *day < 1 || *day > 31) return std::nullopt;
  return days_of(*year, *month, *day) * day_s;
}

std::optional<std::int64_t> take_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  return *hour * 3'600 + *minute * 60 + *second;
}

// Milliseconds; what is finer is cut.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ms = 0, weight = 100;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, weight /= 10)
    ms += (text[digits] - '0') * weight;
  text.remove_prefix(digits);
  return digits == 0 ? std::nullopt : std::optional(ms);
}

// Seconds that the zone is ahead of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool is_ahead = take(text, '+');
  if (!is_ahead && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return (is_ahead ? 1 : -1) * (*hours * 3'600 + *minutes * 60);
}

}  // namespace

std::optional<std::uint64_t> moment_of_timestamp(std::string_view text) {
  const auto date_s = take_date(text);
  if (!date_s || !take(text, 'T')) return std::nullopt;
  const auto time_s = take_time(text);
  const auto ms = time_s ? take_fraction(text) : std::nullopt;
  const auto zone_s = ms ? take_zone(text) : std::nullopt;
  if (!zone_s || !text.empty()) return std::nullopt;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, (*date_s + *time_s - *zone_s) * 1'000 + *ms));
}

}  // namespace hotline::archive
