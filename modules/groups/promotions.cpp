#include "promotions.h"

#include <string>
#include <utility>
#include <vector>

#include "words.h"

namespace hotline::groups {

// `account` empty: everybody.
template <typename Each>
void Promotions::for_each_present(std::string_view room, std::string_view account, Each each) const {
  std::vector<std::pair<std::string, Occupant>> present;
  occupants_.for_each(room, [&](std::string_view nick, std::string_view row) {
    if (!account.empty() && account_of_row(row) != account) return;
    if (std::optional<Occupant> occupant = Occupant::decode(row))
      present.emplace_back(nick, *std::move(occupant));
  });
  for (auto& [nick, occupant] : present) each(nick, occupant);
}

sdk::Status Promotions::set(const Place& place, std::string_view account, Affiliation after,
                            const Cause& cause) const {
  Affiliate affiliate = rooms_.affiliate(place.room, account);
  if (affiliate.affiliation == after) return HL_OK;
  affiliate.affiliation = after;
  if (after < Affiliation::member) affiliate.nick.clear();
  // Who is here already has entered, so they stay from now on.
  if (after >= Affiliation::member && affiliate.nick.empty())
    for_each_present(place.room, account,
                     [&](const std::string& nick, const Occupant&) { affiliate.nick = nick; });
  if (rooms_.set(place.room, account, affiliate) != HL_OK) return HL_E_FULL;
  outgoing_.tell(account, topic::affiliation, fields({place.room, text(after)}));
  for_each_present(place.room, account, [&](const std::string& nick, Occupant& occupant) {
    Notice notice;
    notice.actor = cause.actor;
    notice.reason = cause.reason;
    if (after == Affiliation::outcast) notice.statuses = {301};
    if (after == Affiliation::none && place.settings.is_members_only) notice.statuses = {321};
    if (!notice.statuses.empty()) {
      notice.is_unavailable = true;
      return attendance_.expel(place, nick, occupant, after, notice);
    }
    occupant.role = first_role(after, place.settings.is_moderated);
    static_cast<void>(occupants_.put(place.room, nick, occupant));  // There is a row: it fits.
    display_.show(place, nick, occupant, {after, occupant.role}, notice);
  });
  return HL_OK;
}

void Promotions::set(const Place& place, std::string_view nick, const Occupant& occupant, Role after,
                     const Cause& cause) const {
  const Affiliation affiliation = rooms_.affiliation(place.room, occupant.account);
  Notice notice;
  notice.actor = cause.actor;
  notice.reason = cause.reason;
  if (after == Role::none) {
    notice.is_unavailable = true;
    notice.statuses = {307};
    return attendance_.expel(place, nick, occupant, affiliation, notice);
  }
  Occupant changed = occupant;
  changed.role = after;
  static_cast<void>(occupants_.put(place.room, nick, changed));  // There is a row: it fits.
  display_.show(place, nick, changed, {affiliation, after}, notice);
}

void Promotions::forget(std::string_view room, std::string_view account) const {
  const std::optional<Settings> settings = rooms_.find(room);
  if (!settings) return;
  static_cast<void>(rooms_.set(room, account, {}));  // Takes room, never more.
  rooms_.forget_account(room, account);
  for_each_present(room, account, [&](const std::string& nick, const Occupant& occupant) {
    attendance_.expel({room, *settings}, nick, occupant, Affiliation::none, {.is_unavailable = true});
  });
}

void Promotions::apply(const Place& place) const {
  for_each_present(place.room, {}, [&](const std::string& nick, Occupant& occupant) {
    const Affiliation affiliation = rooms_.affiliation(place.room, occupant.account);
    if (place.settings.is_members_only && affiliation < Affiliation::member) {
      Notice notice{.is_unavailable = true, .statuses = {322}};
      return attendance_.expel(place, nick, occupant, affiliation, notice);
    }
    if (affiliation != Affiliation::none || occupant.role == Role::moderator) return;
    const Role role = first_role(affiliation, place.settings.is_moderated);
    if (role != occupant.role) set(place, nick, occupant, role, {});
  });
}

bool Promotions::is_last_owner(std::string_view room, std::string_view account) const {
  bool has_other = false;
  rooms_.for_each_affiliate(room, [&](std::string_view other, std::string_view row) {
    const std::optional<Affiliate> affiliate = Affiliate::decode(row);
    if (other != account && affiliate && affiliate->affiliation == Affiliation::owner) has_other = true;
  });
  return !has_other && rooms_.affiliation(room, account) == Affiliation::owner;
}

}  // namespace hotline::groups
