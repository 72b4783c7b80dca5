#include "settings.h"

#include <array>
#include <charconv>

#include "words.h"

namespace hotline::groups {

namespace {
constexpr std::array flags{&Settings::is_locked,
                           &Settings::is_persistent,
                           &Settings::is_public,
                           &Settings::is_moderated,
                           &Settings::is_members_only,
                           &Settings::shows_addresses,
                           &Settings::lets_all_set_subject,
                           &Settings::lets_all_invite};
}  // namespace

std::string Settings::encode() const {
  std::string digits;
  for (const auto flag : flags) digits.append(1, this->*flag ? '1' : '0');
  return fields({digits, std::to_string(occupants_max), creator, key, name, description, password});
}

std::optional<Settings> Settings::decode(std::string_view row) {
  FieldReader reader(row);
  Settings settings;
  const std::string_view digits = reader.next();
  if (digits.size() != flags.size()) return std::nullopt;
  for (std::size_t i = 0; i < flags.size(); ++i) settings.*flags[i] = digits[i] == '1';
  const std::string_view number = reader.next();
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), settings.occupants_max);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  for (std::string* field : {&settings.creator, &settings.key, &settings.name, &settings.description}) {
    if (!reader.has_more()) return std::nullopt;
    *field = reader.next();
  }
  if (!reader.has_more()) return std::nullopt;
  settings.password = reader.next();
  return settings;
}

}  // namespace hotline::groups
