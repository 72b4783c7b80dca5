#include "attendance.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::size_t presence_size_max = 2048;  // Of what is in one: each who enters gets everybody's.
constexpr std::size_t room_key_bytes = 16;
constexpr std::size_t occupant_id_bytes = 16;

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return out;
}

}  // namespace

struct Attendance::Arrival {
  std::string_view room;
  std::string_view nick;
  const hl_stanza& presence;
  std::string_view account;
  std::string_view resource;
  sdk::Element wish;  // <x xmlns='http://jabber.org/protocol/muc'/>

  Arrival(std::string_view its_room, std::string_view its_nick, const hl_stanza& its_presence,
          const sdk::Stanzas& stanzas)
      : room(its_room),
        nick(its_nick),
        presence(its_presence),
        account(bare(sdk::view(its_presence.from))),
        resource(groups::resource(sdk::view(its_presence.from))),
        wish(stanzas.root(its_presence).child("x", ns::muc)) {}
};

Attendance::Attendance(const hl_host* host, const Rooms& rooms, const Occupants& occupants,
                       const Outgoing& outgoing, const Display& display)
    : stanzas_(host),
      posts_(host),
      crypto_(host),
      random_(host),
      rooms_(rooms),
      occupants_(occupants),
      outgoing_(outgoing),
      display_(display),
      service_(service_domain(sdk::Config(host).domain())),
      occupants_max_(sdk::Config(host).number("occupants_max", 500)) {}

void Attendance::on_presence(std::string_view room, std::string_view nick, const hl_stanza& presence) const {
  const std::string_view from = sdk::view(presence.from), type = sdk::view(presence.type);
  if (type == "unavailable") return leave(room, from);
  // A room is nobody's contact, and what it sent has come back: nothing to do.
  if (!sdk::is_absent(presence.type)) return;
  if (nick.empty()) return outgoing_.refuse(presence, {"modify", "jid-malformed", "a nick is missing"});
  const Arrival arrival(room, nick, presence, stanzas_);
  const std::optional<Settings> settings = rooms_.find(room);
  const std::string here = settings ? occupants_.nick_of(room, from) : "";
  if (here.empty() && !arrival.wish)
    return outgoing_.refuse(presence, {"cancel", "not-acceptable", "enter the room first"});
  if (!settings || (!settings->is_persistent && occupants_.is_empty(room))) {
    if (settings) close({room, *settings}, {});  // Left over from before a restart of the host.
    static_cast<void>(posts_.stanza(arrival.account, topic::may_create, presence));
    return;
  }
  if (!here.empty() && here != nick) return rename({room, *settings}, here, nick, presence);
  if (!here.empty() && !arrival.wish) return update({room, *settings}, nick, presence);
  const Affiliate affiliate = rooms_.affiliate(room, arrival.account);
  if (const std::optional<Refusal> why = refusal(arrival, *settings, affiliate))
    return outgoing_.refuse(presence, *why);
  enter(arrival, *settings, affiliate, false);
}

void Attendance::create(std::string_view room, std::string_view nick, const hl_stanza& presence) const {
  const std::string_view account = bare(sdk::view(presence.from));
  if (nick.empty()) return;
  if (const std::optional<Settings> settings = rooms_.find(room)) {
    // Somebody was faster. Its own room, it may be: made twice in one breath.
    if (settings->creator != account) outgoing_.tell(account, topic::released, room);
    return on_presence(room, nick, presence);
  }
  const Arrival arrival(room, nick, presence, stanzas_);
  erase(room);  // Who was something in another of that name is nothing in this one.
  Settings settings;
  settings.creator = account;
  settings.key = random_.hex(room_key_bytes);
  settings.occupants_max = static_cast<std::uint32_t>(occupants_max_);
  const Affiliate owner{Affiliation::owner, {}};
  if (rooms_.put(room, settings) != HL_OK || rooms_.set(room, account, owner) != HL_OK)
    throw sdk::Refused("table.put", HL_E_FULL);  // Its first rows.
  outgoing_.tell(account, topic::affiliation, fields({room, text(Affiliation::owner)}));
  enter(arrival, settings, owner, true);
  close_if_empty({room, settings});  // He could not enter after all.
}

// 7.2.5 to 7.2.10, in their order.
std::optional<Refusal> Attendance::refusal(const Arrival& arrival, const Settings& settings,
                                           const Affiliate& affiliate) const {
  const Affiliation rank = affiliate.affiliation;
  if (settings.is_locked && rank != Affiliation::owner)
    return Refusal{"cancel", "item-not-found", "the room is not configured yet"};
  if (rank == Affiliation::outcast) return Refusal{"auth", "forbidden", "you are banned from this room"};
  if (settings.is_members_only && rank < Affiliation::member)
    return Refusal{"auth", "registration-required", "the room is for members"};
  if (!settings.password.empty() && rank != Affiliation::owner) {
    const sdk::Element password = arrival.wish.child("password", ns::muc);
    if (!crypto_.equal(password.text(), settings.password))
      return Refusal{"auth", "not-authorized", "the room asks for its password"};
  }
  if (is_taken(arrival.room, arrival.nick, arrival.account))
    return Refusal{"cancel", "conflict", "that nick is somebody else's"};
  if (rank >= Affiliation::admin || occupants_.find(arrival.room, arrival.nick)) return std::nullopt;
  std::int64_t present = 0;
  occupants_.for_each(arrival.room, [&](std::string_view, std::string_view) { ++present; });
  if (present >= std::min<std::int64_t>(settings.occupants_max, occupants_max_))
    return Refusal{"wait", "service-unavailable", "the room is full: try again later"};
  return std::nullopt;
}

// Present under it, or staying under it while away.
bool Attendance::is_taken(std::string_view room, std::string_view nick, std::string_view account) const {
  const std::optional<Occupant> present = occupants_.find(room, nick);
  if (present && present->account != account) return true;
  const std::string holder = rooms_.holder(room, nick);
  return !holder.empty() && holder != account;
}

void Attendance::enter(const Arrival& arrival, const Settings& settings, Affiliate affiliate,
                       bool is_new_room) const {
  const Place place{arrival.room, settings};
  std::optional<std::string> inside = content(arrival.presence);
  if (!inside)
    return outgoing_.refuse(arrival.presence,
                            {"modify", "policy-violation", "a presence in a room has at most 2048 bytes"});
  Occupant occupant = occupants_.find(arrival.room, arrival.nick).value_or(Occupant{});
  if (occupant.account.empty()) {
    occupant.account = arrival.account;
    occupant.role = first_role(affiliate.affiliation, settings.is_moderated);
    occupant.id = occupant_id(settings, arrival.account);
  }
  occupant.presence = *std::move(inside);
  if (occupants_.add(arrival.room, arrival.nick, occupant, arrival.resource) != HL_OK)
    return outgoing_.refuse(arrival.presence,
                            {"wait", "resource-constraint", "the room is full: try again later"});
  if (affiliate.affiliation >= Affiliation::member && affiliate.nick != arrival.nick) {
    affiliate.nick = arrival.nick;
    static_cast<void>(rooms_.set(arrival.room, arrival.account, affiliate));  // There is a row: it fits.
  }
  rooms_.forget_invitations(arrival.room, arrival.account);
  const Standing standing{affiliate.affiliation, occupant.role};
  display_.welcome(place, arrival.nick, occupant, arrival.resource, standing, is_new_room);
  display_.show_others(place, arrival.nick, occupant, standing, {});
}

void Attendance::update(const Place& place, std::string_view nick, const hl_stanza& presence) const {
  std::optional<Occupant> occupant = occupants_.find(place.room, nick);
  std::optional<std::string> inside = content(presence);
  if (!occupant) return;
  if (!inside)
    return outgoing_.refuse(presence,
                            {"modify", "policy-violation", "a presence in a room has at most 2048 bytes"});
  occupant->presence = *std::move(inside);
  static_cast<void>(occupants_.put(place.room, nick, *occupant));  // There is a row: it fits.
  display_.show(place, nick, *occupant, {rooms_.affiliation(place.room, occupant->account), occupant->role},
                {});
}

// 7.6. All sessions under the nick go with it.
void Attendance::rename(const Place& place, std::string_view from_nick, std::string_view to_nick,
                        const hl_stanza& presence) const {
  std::optional<Occupant> occupant = occupants_.find(place.room, from_nick);
  if (!occupant) return;
  if (is_taken(place.room, to_nick, occupant->account) || occupants_.find(place.room, to_nick))
    return outgoing_.refuse(presence, {"cancel", "conflict", "that nick is somebody else's"});
  Affiliate affiliate = rooms_.affiliate(place.room, occupant->account);
  const Standing standing{affiliate.affiliation, occupant->role};
  Notice notice;
  notice.is_unavailable = true;
  notice.statuses = {303};
  notice.new_nick = to_nick;
  display_.show(place, from_nick, *occupant, standing, notice);
  occupants_.erase(place.room, from_nick, *occupant);
  if (std::optional<std::string> inside = content(presence)) occupant->presence = *std::move(inside);
  for (const std::string& each : std::vector(occupant->resources))
    static_cast<void>(occupants_.add(place.room, to_nick, *occupant, each));  // As many rows as before.
  if (affiliate.affiliation >= Affiliation::member) {
    affiliate.nick = to_nick;
    static_cast<void>(rooms_.set(place.room, occupant->account, affiliate));
  }
  display_.show(place, to_nick, *occupant, standing, {});
}

void Attendance::leave(std::string_view room, std::string_view full_address) const {
  const std::optional<Settings> settings = rooms_.find(room);
  const std::string nick = settings ? occupants_.nick_of(room, full_address) : "";
  std::optional<Occupant> occupant = nick.empty() ? std::nullopt : occupants_.find(room, nick);
  if (!occupant) return;
  const Place place{room, *settings};
  const Standing standing{rooms_.affiliation(room, occupant->account), Role::none};
  const Notice notice{.is_unavailable = true};
  display_.show_self(place, nick, *occupant, resource(full_address), standing, notice);
  session_gone(room, full_address);
}

void Attendance::session_gone(std::string_view room, std::string_view full_address) const {
  const std::string nick = occupants_.nick_of(room, full_address);
  const std::optional<Settings> settings = nick.empty() ? std::nullopt : rooms_.find(room);
  std::optional<Occupant> occupant = settings ? occupants_.find(room, nick) : std::nullopt;
  if (!occupant) return;
  const Place place{room, *settings};
  const Standing standing{rooms_.affiliation(room, occupant->account), Role::none};
  const Occupant seen = *occupant;
  occupants_.remove(room, nick, *occupant, resource(full_address));
  if (!occupant->resources.empty()) return;  // Others of its sessions are still here.
  display_.show_others(place, nick, seen, standing, {.is_unavailable = true});
  close_if_empty(place);
}

void Attendance::expel(const Place& place, std::string_view nick, const Occupant& occupant,
                       Affiliation affiliation, const Notice& notice) const {
  occupants_.erase(place.room, nick, occupant);
  display_.show(place, nick, occupant, {affiliation, Role::none}, notice);
  close_if_empty(place);
}

void Attendance::close_if_empty(const Place& place) const {
  if (occupants_.is_empty(place.room) && (!place.settings.is_persistent || place.settings.is_locked))
    close(place, {});
}

void Attendance::close(const Place& place, std::string_view destroy) const {
  std::vector<std::pair<std::string, Occupant>> present;
  occupants_.for_each(place.room, [&](std::string_view nick, std::string_view row) {
    if (std::optional<Occupant> each = Occupant::decode(row)) present.emplace_back(nick, *std::move(each));
  });
  Notice notice{.is_unavailable = true};
  notice.destroy = destroy;
  for (const auto& [nick, occupant] : present) {
    for (const std::string& each : occupant.resources)
      display_.show_self(place, nick, occupant, each, {}, notice);
    occupants_.erase(place.room, nick, occupant);
  }
  erase(place.room);
  outgoing_.tell(place.settings.creator, topic::released, place.room);
  if (place.settings.is_public) outgoing_.tell(service_, topic::unlisted, place.room);
}

void Attendance::erase(std::string_view room) const {
  rooms_.for_each_affiliate(room, [&](std::string_view account, std::string_view) {
    outgoing_.tell(account, topic::affiliation, fields({room, text(Affiliation::none)}));
  });
  rooms_.erase_all(room);
}

void Attendance::list(const Place& place) const {
  const bool is_listed = place.settings.is_public && !place.settings.is_locked;
  outgoing_.tell(service_, is_listed ? topic::listed : topic::unlisted,
                 is_listed ? fields({place.room, place.settings.name}) : std::string(place.room));
}

std::optional<std::string> Attendance::content(const hl_stanza& presence) const {
  std::string inside;
  for (sdk::Element child = stanzas_.root(presence).first(); child; child = child.next()) {
    const bool is_ours = child.ns() == ns::muc || child.ns() == ns::user || child.ns() == ns::occupant_id;
    if (!is_ours) inside.append(child.xml());
  }
  return inside.size() > presence_size_max ? std::nullopt : std::optional(std::move(inside));
}

std::string Attendance::occupant_id(const Settings& settings, std::string_view account) const {
  return hex(std::string_view(crypto_.hmac(sdk::Digest::sha256, settings.key, account))
                 .substr(0, occupant_id_bytes));
}

}  // namespace hotline::groups
