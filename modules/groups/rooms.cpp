#include "rooms.h"

#include "words.h"

namespace hotline::groups {

namespace {

// In one room. Who fills them with others' names takes from the oldest no more than their way to decline.
constexpr std::size_t invitations_kept = 200;
constexpr std::string_view invitation_kind = "i";

std::string key(char kind, std::string_view name) {
  return std::string(1, kind).append(name);
}

std::string invitation_key(std::string_view invitee, std::string_view inviter) {
  return std::string(invitation_kind).append(fields({invitee, inviter}));
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

void Rooms::invite(std::string_view room, std::string_view invitee, std::string_view inviter,
                   std::string_view stamp) const {
  const std::string row = invitation_key(invitee, inviter);
  if (!table_.get(room, row)) forget_oldest_invitation(room);
  static_cast<void>(table_.put(room, row, stamp));  // Without a row it cannot be declined, and that is all.
}

// Where there are as many as there may be.
void Rooms::forget_oldest_invitation(std::string_view room) const {
  if (table_.count(room) < invitations_kept) return;  // Of all rows.
  std::size_t count = 0;
  std::string oldest, stamp;
  for (auto row = table_.next(room, invitation_kind); row && row->key.starts_with(invitation_kind);
       row = table_.next(room, row->key)) {
    if (++count > 1 && row->value >= stamp) continue;
    oldest = row->key;
    stamp = row->value;
  }
  if (count >= invitations_kept) table_.erase(room, oldest);
}

bool Rooms::is_invited(std::string_view room, std::string_view invitee, std::string_view inviter) const {
  return table_.get(room, invitation_key(invitee, inviter)).has_value();
}

void Rooms::forget_invitation(std::string_view room, std::string_view invitee,
                              std::string_view inviter) const {
  table_.erase(room, invitation_key(invitee, inviter));
}

void Rooms::forget_invitations(std::string_view room, std::string_view invitee) const {
  erase_invitations(room, invitation_key(invitee, ""),
                    [](std::string_view, std::string_view) { return true; });
}

void Rooms::forget_account(std::string_view room, std::string_view account) const {
  erase_invitations(room, invitation_kind, [&](std::string_view invitee, std::string_view inviter) {
    return invitee == account || inviter == account;
  });
}

template <typename Matches>
void Rooms::erase_invitations(std::string_view room, std::string_view beginning, Matches matches) const {
  std::string key;
  for (auto row = table_.next(room, beginning); row && row->key.starts_with(beginning);
       row = table_.next(room, key)) {
    key = row->key;
    FieldReader reader(std::string_view(key).substr(invitation_kind.size()));
    const std::string_view invitee = reader.next(), inviter = reader.next();
    if (matches(invitee, inviter)) table_.erase(room, key);
  }
}

void Rooms::erase_all(std::string_view room) const {
  for (auto row = table_.next(room, {}); row; row = table_.next(room, {}))
    table_.erase(room, std::string(row->key));
}

}  // namespace hotline::groups
