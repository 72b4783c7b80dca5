// The conversions of the manual's cookbook (docs/writing-a-module.md), region by region. cookbook_test.cpp
// runs each up and down; manual.py compares the regions with what the manual prints.
#pragma once

#include <charconv>
#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace cookbook {

inline std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

namespace new_field {
inline constexpr const char* manifest =
    // [new_field_manifest]
    "table polls durable writes 2 reads 2\n"
    // [end]
    ;

// [new_field]
// Schema 1: "VOTES". Schema 2: "VOTES SINCE_MS", where 0 says that nobody knows since when.
inline std::optional<std::string> convert(std::string_view, std::uint32_t from, std::uint32_t to,
                                          std::string_view row) {
  const std::size_t space = row.find(' ');
  if (from == 1 && to == 2 && number_of(row)) return std::string(row) + " 0";
  if (from == 2 && to == 1 && space != std::string_view::npos && number_of(row.substr(0, space)))
    return std::string(row.substr(0, space));
  return std::nullopt;
}
// [end]
}  // namespace new_field

namespace changed_meaning {
inline constexpr const char* manifest =
    // [changed_meaning_manifest]
    "table polls durable writes 3 reads 3\n"
    // [end]
    ;

// [changed_meaning]
// Schema 2: "SECONDS". Schema 3: "MILLISECONDS". What came from seconds comes back as the same seconds; what
// is finer is cut, which only rows of the new meaning can lose.
inline std::optional<std::string> convert(std::string_view, std::uint32_t from, std::uint32_t to,
                                          std::string_view row) {
  constexpr std::uint64_t ms_per_s = 1'000;
  const std::optional<std::uint64_t> value = number_of(row);
  if (!value) return std::nullopt;
  if (from == 2 && to == 3 && *value <= UINT64_MAX / ms_per_s) return std::to_string(*value * ms_per_s);
  if (from == 3 && to == 2) return std::to_string(*value / ms_per_s);
  return std::nullopt;
}
// [end]
}  // namespace changed_meaning

namespace removed_field {
inline constexpr const char* manifest =
    // [removed_field_manifest]
    "table polls durable writes 4 reads 4\n"
    // [end]
    ;

// [removed_field]
// Schema 3: "VOTES COLOUR". Schema 4: "VOTES", with what the row had as colour behind it, which no code reads
// any more and a rollback brings back. A row that schema 4 made has no colour: it goes down with the usual
// one.
inline std::optional<std::string> convert(std::string_view, std::uint32_t from, std::uint32_t to,
                                          std::string_view row) {
  const std::size_t space = row.find(' ');
  if (!number_of(row.substr(0, space))) return std::nullopt;
  if (from == 3 && to == 4 && space != std::string_view::npos) return std::string(row);
  if (from == 4 && to == 3)
    return space == std::string_view::npos ? std::string(row) + " blue" : std::string(row);
  return std::nullopt;
}
// [end]
}  // namespace removed_field

namespace two_steps {
// [two_steps]
// A module that knows three schemas converts between neighbours only: the host takes one step at a time, so
// that 1 -> 3 and 3 -> 1 are two calls each.
inline std::optional<std::string> convert(std::string_view table, std::uint32_t from, std::uint32_t to,
                                          std::string_view row) {
  if (from + to == 1 + 2) return new_field::convert(table, from, to, row);
  const std::size_t space = row.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  // Schema 3 has the time of schema 2 in milliseconds.
  const auto time = changed_meaning::convert(table, from, to, row.substr(space + 1));
  if (!time) return std::nullopt;
  return std::string(row.substr(0, space + 1)) + *time;
}
// [end]
}  // namespace two_steps

}  // namespace cookbook
