#include "cli/units.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace hotline::cli {
namespace {

// Three digits that count: 0.84, 8.4, 84, 840.
std::string short_number(double value) {
  std::array<char, 48> text{};
  const int decimals = value < 9.95 ? (value < 0.995 ? 2 : 1) : 0;
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string unsuffixed(double value) {
  std::string text = short_number(value);
  if (text == "0.00") text = "0";
  return text;
}

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), ',');
  }
  return text;
}

std::string signed_count_text(std::int64_t count) {
  if (count >= 0) return count_text(static_cast<std::uint64_t>(count));
  return "-" + count_text(~static_cast<std::uint64_t>(count) + 1);
}

std::string counted(std::uint64_t count, const char* noun) {
  std::string text = count_text(count) + " " + noun;
  if (count == 1) return text;
  const bool hisses = text.ends_with("sh") || text.ends_with("x") || text.ends_with("s");
  return text + (hisses ? "es" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array<const char*, 4> units = {" KiB", " MiB", " GiB", " TiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.5 && unit + 1 < units.size(); ++unit) value /= 1024;
  return short_number(value) + units.at(unit);
}

std::string micros_text(double us) {
  if (us < 999.5) return unsuffixed(us) + " µs";
  if (us < 999'500) return short_number(us / 1'000) + " ms";
  return short_number(us / 1'000'000) + " s";
}

std::string micros_text(const std::optional<double>& us) {
  return us ? micros_text(*us) : std::string();
}

std::string duration_text(std::uint64_t seconds) {
  const auto two = [](std::uint64_t large, const char* large_unit, std::uint64_t small,
                      const char* small_unit) {
    std::string text = std::to_string(large) + large_unit;
    if (small > 0) text += " " + std::to_string(small) + small_unit;
    return text;
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3'600) return two(seconds / 60, " min", seconds % 60, " s");
  if (seconds < 86'400) return two(seconds / 3'600, " h", seconds % 3'600 / 60, " min");
  return two(seconds / 86'400, " d", seconds % 86'400 / 3'600, " h");
}

std::string rate_text(double per_s) {
  if (per_s >= 999.5) return count_text(static_cast<std::uint64_t>(std::llround(per_s))) + "/s";
  return unsuffixed(per_s) + "/s";
}

std::string share_text(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.0f %%", share * 100);
  return text.data();
}

std::string time_text(std::uint64_t wall_ms) {
  if (wall_ms == 0) return {};
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return {};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

}  // namespace hotline::cli
