#include "rooms.h"

#include "words.h"

namespace hotline::groups {

namespace {

std::string key(char kind, std::string_view name) {
  return std::string(1, kind).append(name);
}

}  // namespace

std::optional<Affiliate> Affiliate::decode(std::string_view row) {
  FieldReader reader(row);
  const std::optional<Affiliation> affiliation = affiliation_of(reader.next());
  if (!affiliation || !reader.has_more()) return std::nullopt;
  return Affiliate{*affiliation, std::string(reader.next())};
}

Rooms::Rooms(const hl_host* host)
    : table_(sdk::Tables(host).open("rooms")),
      affiliates_max_(sdk::Config(host).number("affiliates_max", 2000)) {}

std::optional<Settings> Rooms::find(std::string_view room) const {
  const std::optional<std::string_view> row = table_.get(room, "");
  return row ? Settings::decode(*row) : std::nullopt;
}

sdk::Status Rooms::put(std::string_view room, const Settings& settings) const {
  return table_.put(room, "", settings.encode());
}

Affiliate Rooms::affiliate(std::string_view room, std::string_view account) const {
  const std::optional<std::string_view> row = table_.get(room, key('a', account));
  return row ? Affiliate::decode(*row).value_or(Affiliate{}) : Affiliate{};
}

sdk::Status Rooms::set(std::string_view room, std::string_view account, const Affiliate& affiliate) const {
  if (!exists(room)) return HL_E_NONE;
  const std::string row = key('a', account);
  const std::optional<std::string_view> present = table_.get(room, row);
  const std::string nick_before = present ? Affiliate::decode(*present).value_or(Affiliate{}).nick : "";
  if (affiliate.affiliation == Affiliation::none) {
    table_.erase(room, row);
  } else {
    if (!present && !has_space(room)) return HL_E_FULL;
    if (table_.put(room, row, fields({text(affiliate.affiliation), affiliate.nick})) != HL_OK)
      return HL_E_FULL;
  }
  if (nick_before == affiliate.nick) return HL_OK;
  if (!nick_before.empty()) table_.erase(room, key('k', nick_before));
  return affiliate.nick.empty() ? HL_OK : table_.put(room, key('k', affiliate.nick), account);
}

// Counted only where there are rows enough for it to matter: an affiliate has one, or two with a nick.
bool Rooms::has_space(std::string_view room) const {
  if (table_.count(room) < static_cast<std::uint64_t>(affiliates_max_)) return true;
  std::int64_t count = 0;
  for_each_affiliate(room, [&](std::string_view, std::string_view) { ++count; });
  return count < affiliates_max_;
}

std::string Rooms::holder(std::string_view room, std::string_view nick) const {
  return std::string(table_.get(room, key('k', nick)).value_or(""));
}

std::optional<Subject> Rooms::subject(std::string_view room) const {
  const std::optional<std::string_view> row = table_.get(room, "s");
  if (!row) return std::nullopt;
  FieldReader reader(*row);
  Subject subject;
  subject.nick = reader.next();
  subject.stamp = reader.next();
  subject.text = reader.next();
  return subject;
}

sdk::Status Rooms::put(std::string_view room, const Subject& subject) const {
  return table_.put(room, "s", fields({subject.nick, subject.stamp, subject.text}));
}

void Rooms::erase_all(std::string_view room) const {
  for (auto row = table_.next(room, {}); row; row = table_.next(room, {}))
    table_.erase(room, std::string(row->key));
}

}  // namespace hotline::groups
