#include "administration.h"

#include <utility>

#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::size_t changes_max = 100;  // In one query.

Refusal refused(Permission permission) {
  return permission == Permission::forbidden
             ? Refusal{"auth", "forbidden", "that takes a higher rank in this room"}
             : Refusal{"cancel", "not-allowed", "nobody may do that to one of that rank"};
}

}  // namespace

struct Administration::Change {
  std::string account;  // Of an affiliation.
  Affiliation affiliation = Affiliation::none;
  std::string nick;  // Of a role.
  std::optional<Role> role;
  std::string_view reason;
};

Administration::Administration(const hl_host* host, const Rooms& rooms, const Occupants& occupants,
                               const Outgoing& outgoing, const Promotions& promotions)
    : stanzas_(host),
      crypto_(host),
      config_(host),
      rooms_(rooms),
      occupants_(occupants),
      outgoing_(outgoing),
      promotions_(promotions) {}

Standing Administration::standing(const Place& place, std::string_view full_address) const {
  const std::string nick = occupants_.nick_of(place.room, full_address);
  const std::optional<Occupant> occupant = nick.empty() ? std::nullopt : occupants_.find(place.room, nick);
  return {rooms_.affiliation(place.room, bare(full_address)), occupant ? occupant->role : Role::none};
}

void Administration::on_admin(const Place& place, const hl_stanza& iq) const {
  const sdk::Element query = stanzas_.payload(iq), item = query.child("item", ns::admin);
  if (!item) return outgoing_.refuse(iq, {"modify", "bad-request", "the query has no item"});
  if (sdk::view(iq.type) == "get") return list(place, iq, item);
  change(place, iq, query);
}

// Lists are for admins; in a room that shows addresses the members are no secret from members, and roles are
// for moderators.
void Administration::list(const Place& place, const hl_stanza& iq, const sdk::Element& item) const {
  const Standing actor = standing(place, sdk::view(iq.from));
  const std::optional<Affiliation> affiliation = affiliation_of(item.attr("affiliation"));
  const std::optional<Role> role = role_of(item.attr("role"));
  sdk::Xml xml;
  xml.open("query", ns::admin);
  if (affiliation && *affiliation != Affiliation::none) {
    const bool may_see = actor.affiliation >= Affiliation::admin ||
                         (place.settings.shows_addresses && *affiliation >= Affiliation::member &&
                          actor.affiliation >= Affiliation::member);
    if (!may_see) return outgoing_.refuse(iq, refused(Permission::forbidden));
    rooms_.for_each_affiliate(place.room, [&](std::string_view account, std::string_view row) {
      const std::optional<Affiliate> each = Affiliate::decode(row);
      if (!each || each->affiliation != *affiliation) return;
      xml.open("item").attr("affiliation", text(*affiliation)).attr("jid", account);
      if (!each->nick.empty()) xml.attr("nick", each->nick);
      xml.close();
    });
  } else if (role && *role != Role::none) {
    if (actor.role != Role::moderator) return outgoing_.refuse(iq, refused(Permission::forbidden));
    occupants_.for_each(place.room, [&](std::string_view nick, std::string_view row) {
      if (role_of_row(row) != *role) return;
      const std::string_view account = account_of_row(row);
      xml.open("item").attr("role", text(*role)).attr("nick", nick).attr("jid", account);
      xml.attr("affiliation", text(rooms_.affiliation(place.room, account))).close();
    });
  } else {
    return outgoing_.refuse(iq, {"modify", "bad-request", "an affiliation or a role is asked for"});
  }
  outgoing_.answer(iq, xml.take());
}

// All of it or nothing: every item is read before one is applied. But one may close the room, and those
// behind it would be about the next of its name.
void Administration::change(const Place& place, const hl_stanza& iq, const sdk::Element& query) const {
  const std::string_view from = sdk::view(iq.from);
  const Standing actor = standing(place, from);
  const std::string actor_nick = occupants_.nick_of(place.room, from);
  std::vector<Change> changes;
  for (sdk::Element item = query.first(); item; item = item.next()) {
    if (!item.is("item", ns::admin)) continue;
    if (changes.size() == changes_max)
      return outgoing_.refuse(iq, {"modify", "policy-violation", "a query has at most 100 items"});
    Change& next = changes.emplace_back();
    if (const std::optional<Refusal> why = read(place, actor, bare(from), item, next))
      return outgoing_.refuse(iq, *why);
  }
  for (const Change& each : changes) {
    if (!rooms_.exists(place.room))
      return outgoing_.refuse(iq, {"cancel", "item-not-found", "the room closed before all of it was done"});
    if (const std::optional<Refusal> why = apply(place, each, actor_nick)) return outgoing_.refuse(iq, *why);
  }
  outgoing_.answer(iq);
}

std::optional<Refusal> Administration::read(const Place& place, const Standing& actor,
                                            std::string_view actor_account, const sdk::Element& item,
                                            Change& change) const {
  change.reason = item.child("reason", ns::admin).text();
  if (std::optional<Refusal> why = refusal_of_reason(change.reason)) return why;
  change.nick = item.attr("nick");
  const std::optional<Occupant> present =
      change.nick.empty() ? std::nullopt : occupants_.find(place.room, change.nick);
  if (const std::string_view wished = item.attr("role"); !wished.empty()) {
    change.role = role_of(wished);
    if (!change.role) return Refusal{"modify", "bad-request", "there is no such role"};
    if (!present) return Refusal{"cancel", "item-not-found", "nobody has that nick here"};
    const Standing target{rooms_.affiliation(place.room, present->account), present->role};
    const Permission permission = may_change(actor, target, *change.role);
    return permission == Permission::granted ? std::nullopt : std::optional(refused(permission));
  }
  const std::optional<Affiliation> wished = affiliation_of(item.attr("affiliation"));
  if (!wished) return Refusal{"modify", "bad-request", "there is no such affiliation"};
  change.affiliation = *wished;
  if (const std::string_view jid = item.attr("jid"); !jid.empty()) {
    const std::optional<std::string> address = crypto_.prepare_jid(jid);
    if (!address) return Refusal{"modify", "jid-malformed"};
    change.account = bare(*address);
  } else if (present) {
    change.account = present->account;
  } else {
    return Refusal{"cancel", "item-not-found", "nobody has that nick here"};
  }
  return read_affiliation(place, actor, actor_account, change);
}

std::optional<Refusal> Administration::read_affiliation(const Place& place, const Standing& actor,
                                                        std::string_view actor_account,
                                                        Change& change) const {
  const std::optional<sdk::Jid> jid = sdk::Jid::parse(change.account);
  if (!jid || jid->local.empty() || jid->domain != config_.domain())
    return Refusal{"modify", "not-acceptable", "only accounts of this server are something in a room"};
  const Affiliation before = rooms_.affiliation(place.room, change.account);
  if (before == change.affiliation) return std::nullopt;
  const Permission permission = may_change(actor.affiliation, before, change.affiliation);
  if (permission != Permission::granted) return refused(permission);
  if (change.affiliation == Affiliation::outcast && change.account == actor_account)
    return Refusal{"cancel", "conflict", "nobody bans themselves"};
  if (promotions_.is_last_owner(place.room, change.account))
    return Refusal{"cancel", "conflict", "a room has an owner: make somebody else one first"};
  return std::nullopt;
}

std::optional<Refusal> Administration::apply(const Place& place, const Change& change,
                                             std::string_view actor_nick) const {
  const Cause cause{actor_nick, change.reason};
  if (!change.role) {
    // Two items of one query may have taken the last owner from the room together.
    if (change.affiliation != Affiliation::owner && promotions_.is_last_owner(place.room, change.account))
      return Refusal{"cancel", "conflict", "a room has an owner: make somebody else one first"};
    if (promotions_.set(place, change.account, change.affiliation, cause) == HL_OK) return std::nullopt;
    return Refusal{"wait", "resource-constraint", "the room has as many members as it may"};
  }
  const std::optional<Occupant> present = occupants_.find(place.room, change.nick);
  if (present && present->role != *change.role)
    promotions_.set(place, change.nick, *present, *change.role, cause);
  return std::nullopt;
}

void Administration::on_register(const Place& place, const hl_stanza& iq) const {
  const std::string_view account = bare(sdk::view(iq.from));
  const Affiliate affiliate = rooms_.affiliate(place.room, account);
  const bool is_member = affiliate.affiliation >= Affiliation::member;
  if (affiliate.affiliation == Affiliation::outcast)
    return outgoing_.refuse(iq, {"auth", "forbidden", "you are banned from this room"});
  if (sdk::view(iq.type) == "get") {
    sdk::Xml xml;
    xml.open("query", ns::registering);
    if (is_member) {
      xml.empty("registered").leaf("username", affiliate.nick);
    } else {
      xml.leaf("instructions", "Send this back to become a member: messages are then kept for you.");
    }
    return outgoing_.answer(iq, xml.take());
  }
  Affiliation after = Affiliation::member;
  if (stanzas_.payload(iq).child("remove", ns::registering)) {
    if (promotions_.is_last_owner(place.room, account))
      return outgoing_.refuse(iq,
                              {"cancel", "conflict", "a room has an owner: make somebody else one first"});
    after = Affiliation::none;
  } else if (is_member) {
    return outgoing_.answer(iq);
  } else if (place.settings.is_members_only || place.settings.is_locked || !place.settings.password.empty()) {
    return outgoing_.refuse(iq, {"cancel", "not-allowed", "members of this room are made by its admins"});
  }
  if (promotions_.set(place, account, after, {}) != HL_OK)
    return outgoing_.refuse(iq, {"wait", "resource-constraint", "the room has as many members as it may"});
  outgoing_.answer(iq);
}

}  // namespace hotline::groups
