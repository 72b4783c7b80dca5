#include "visits.h"

#include <charconv>
#include <utility>
#include <vector>

#include "media_link/link.h"
#include "presence/session_fields.h"
#include "rank.h"
#include "routing/topics.h"
#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::uint64_t delay_ms_min = 1000;  // Less is a client that was briefly behind.
constexpr std::string_view created_word = "created";

std::string visit_key(std::string_view room, std::string_view resource) {
  return fields({room, resource});
}

hl_session session_of_row(std::string_view value) {
  hl_session session = 0;
  std::from_chars(value.data(), value.data() + value.size(), session);
  return session;
}

// The room whose message it is: `from` is the first attribute of what this module composes, and a room's bare
// address has nothing that is escaped.
std::string_view room_of(std::string_view xml) {
  constexpr std::string_view head = "<message from='";
  if (!xml.starts_with(head)) return {};
  xml.remove_prefix(head.size());
  return xml.substr(0, xml.find_first_of("/'"));
}

std::string without_subject(std::string_view room, std::string_view account, std::string_view resource) {
  sdk::Xml xml;
  xml.open("message").attr("from", room).attr("to", sdk::compose_jid({}, account, resource));
  return xml.attr("type", "groupchat").leaf("subject", "").take();
}

std::string with_delay(std::string_view xml, std::string_view room, std::uint64_t stored_wall_ms) {
  const std::size_t end = xml.rfind("</");
  std::string out(xml.substr(0, end));
  out.append("<delay xmlns='urn:xmpp:delay' from='").append(room).append("' stamp='");
  return out.append(sdk::timestamp(stored_wall_ms)).append("'/>").append(xml.substr(end));
}

std::optional<sdk::Counter> counter(const hl_host* host, std::string_view name) {
  const std::optional<sdk::Stats> stats = sdk::Stats::wanted(host);
  return stats ? std::optional(stats->counter(name)) : std::nullopt;
}

}  // namespace

Visits::Visits(const hl_host* host, const blocking::Blocked& blocked, const Outgoing& outgoing)
    : sessions_(host),
      stanzas_(host),
      mailboxes_(host),
      posts_(host),
      clock_(host),
      visits_(sdk::Tables(host).open("visits")),
      memberships_(sdk::Tables(host).open("memberships")),
      blocklist_(sdk::Tables(host).open(blocking::table_name)),
      priority_(sessions_.field(session_fields::priority)),
      waiting_(host),
      blocked_(blocked),
      outgoing_(outgoing),
      rooms_max_(sdk::Config(host).number("rooms_max", 50)),
      copies_max_(sdk::Config(host).number("copies_max", 2500)),
      dropped_(counter(host, "copies_dropped")) {}

template <typename Each>
void Visits::for_each_in(std::string_view account, std::string_view room, Each each) const {
  const std::string prefix = visit_key(room, "");
  for (auto row = visits_.next(account, prefix); row && row->key.starts_with(prefix);
       row = visits_.next(account, row->key))
    each(session_of_row(row->value));
}

template <typename Matches>
void Visits::end_visits(std::string_view account, Matches matches) const {
  std::string key;
  for (auto row = visits_.next(account, {}); row; row = visits_.next(account, key)) {
    key = row->key;
    FieldReader reader(key);
    const std::string_view room = reader.next(), resource = reader.next();
    if (!matches(session_of_row(row->value), resource)) continue;
    outgoing_.tell(room, topic::session_gone, sdk::compose_jid({}, account, resource));
    visits_.erase(account, key);
  }
}

// Most block nobody: nothing is parsed for them.
bool Visits::is_blocked(std::string_view account, std::string_view xml) const {
  if (blocklist_.count(account) == 0) return false;
  const hl_stanza* stanza = stanzas_.parse(xml);
  return stanza != nullptr && blocked_.covers(account, sdk::view(stanza->from));
}

void Visits::give(std::string_view account, std::string_view bytes) const {
  FieldReader reader(bytes);
  const hl_session session = sessions_.find(account, reader.next());
  if (session == 0 || !reader.has_more()) return;
  const std::string_view xml = reader.next();
  if (!is_blocked(account, xml)) sessions_.send(session, xml);
}

void Visits::entered(std::string_view account, std::string_view bytes) const {
  FieldReader reader(bytes);
  const std::string_view resource = reader.next(), room = reader.next();
  const hl_session session = sessions_.find(account, resource);
  const bool is_here = session != 0 && !room.empty() &&
                       visits_.put(account, visit_key(room, resource), std::to_string(session)) == HL_OK;
  // It ended meanwhile, or is in more rooms than there are rows for: the room is to know.
  if (!is_here) return outgoing_.tell(room, topic::session_gone, sdk::compose_jid({}, account, resource));
  while (reader.has_more()) {
    const std::string_view xml = reader.next();
    if (!is_blocked(account, xml))
      sessions_.send(session, xml);
    else if (xml.starts_with("<message") && !blocked_.covers(account, room))
      sessions_.send(session, without_subject(room, account, resource));
  }
  // What waits for a session that is in the room. One that takes no messages takes none of these either.
  if (session_fields::takes_bare_messages(priority_.get(session)) && mailboxes_.count(account) > 0)
    mailboxes_.drain(session);
}

void Visits::departed(std::string_view account, std::string_view bytes) const {
  FieldReader reader(bytes);
  const std::string_view resource = reader.next(), room = reader.next(), xml = reader.next();
  visits_.erase(account, visit_key(room, resource));
  const hl_session session = sessions_.find(account, resource);
  if (session != 0 && !xml.empty() && !is_blocked(account, xml)) sessions_.send(session, xml);
}

// Who blocks the speaker is as one who is not there; the speaker, to whom many listen, hears nothing of it.
void Visits::copy(std::string_view account, const hl_stanza& stanza) const {
  if (blocked_.covers(account, sdk::view(stanza.from))) return;
  std::vector<hl_session> here;
  for_each_in(account, bare(sdk::view(stanza.from)), [&](hl_session session) { here.push_back(session); });
  const bool is_away = here.empty();
  if (is_away && mailboxes_.count(account) >= static_cast<std::uint64_t>(copies_max_)) {
    if (dropped_) dropped_->add();
    return;
  }
  const std::optional<hl_entry> entry = mailboxes_.put(account, stanza, 0, HL_ENTRY_TO);
  if (entry) {
    waiting_.tell(account);
    media_link::show_link(posts_, account, stanza);
  } else if (is_away && dropped_) {
    dropped_->add();
  }
  bool has_stale = false;
  for (const hl_session session : here) {
    const sdk::Status status =
        entry ? sessions_.send_entry(session, *entry) : sessions_.send_to(session, stanza);
    if (status == HL_E_GONE) has_stale = true;
  }
  if (has_stale) end_stale_visits(account);
}

void Visits::live(std::string_view account, const hl_stanza& stanza) const {
  if (blocked_.covers(account, sdk::view(stanza.from))) return;
  bool has_stale = false;
  for_each_in(account, bare(sdk::view(stanza.from)), [&](hl_session session) {
    if (sessions_.send_to(session, stanza) == HL_E_GONE) has_stale = true;
  });
  if (has_stale) end_stale_visits(account);
}

// Routing sees the room as its sender. Who is blocked has no other way round through a room, and is told as
// little as with one.
void Visits::invitation(std::string_view account, const hl_stanza& stanza) const {
  const sdk::Element wish = stanzas_.root(stanza).child("x", ns::user);
  const sdk::Element invite = wish.child("invite", ns::user);
  const sdk::Element word = invite ? invite : wish.child("decline", ns::user);
  if (blocked_.covers(account, word.attr("from"))) return;
  // The room has looked whether this home takes more.
  static_cast<void>(posts_.stanza_to_module("routing", account, routing::topic::deliver, stanza));
}

sdk::Status Visits::drain(const hl_drain_event& event) const {
  const std::string_view account = sdk::view(event.account), xml = sdk::view(event.xml);
  const std::optional<hl_session_info> info = sessions_.info(event.session);
  if (!info) return HL_OK;
  const std::string room(room_of(xml));
  // Not in the room: it waits, unless the account is nothing there any more and nobody would ever enter.
  if (!visits_.get(account, visit_key(room, sdk::view(info->resource))) && memberships_.get(account, room))
    return HL_OK;
  const bool has_waited = clock_.wall_ms() >= event.stored_wall_ms + delay_ms_min;
  const sdk::Status status = has_waited ? sessions_.send_entry(event.session, event.entry,
                                                               with_delay(xml, room, event.stored_wall_ms))
                                        : sessions_.send_entry(event.session, event.entry);
  // It ended meanwhile, or another device has accepted the message.
  return status == HL_E_GONE ? HL_OK : status;
}

// ---- which rooms the account has to do with

void Visits::may_create(std::string_view account, const hl_stanza& presence) const {
  const std::string room(bare(sdk::view(presence.to)));
  const std::optional<std::string_view> row = memberships_.get(account, room);
  const bool is_counted = row && row->ends_with(created_word);
  if (!is_counted && created(account) >= static_cast<std::uint64_t>(rooms_max_))
    return outgoing_.refuse(presence, {"wait", "resource-constraint",
                                       "you have made as many rooms as you may: destroy one first"});
  if (memberships_.put(account, room, fields({text(Affiliation::owner), created_word})) != HL_OK)
    return outgoing_.refuse(presence,
                            {"wait", "resource-constraint", "you are in as many rooms as you may be"});
  if (posts_.stanza(room, topic::create, presence) == HL_OK) return;
  if (!is_counted) memberships_.erase(account, room);
  outgoing_.refuse(presence, overloaded());
}

std::uint64_t Visits::created(std::string_view account) const {
  std::uint64_t count = 0;
  for (auto row = memberships_.next(account, {}); row; row = memberships_.next(account, row->key))
    if (row->value.ends_with(created_word)) ++count;
  return count;
}

// What a room was made by stays until it is released: who gives a room away does not get another for it.
void Visits::affiliation(std::string_view account, std::string_view bytes) const {
  FieldReader reader(bytes);
  const std::string_view room = reader.next(), affiliation = reader.next();
  const std::optional<std::string_view> row = memberships_.get(account, room);
  const bool is_created = row && row->ends_with(created_word);
  if (affiliation == text(Affiliation::none) && !is_created)
    memberships_.erase(account, room);
  else  // With no row for it the room knows, and the account's end will not reach it.
    static_cast<void>(memberships_.put(account, room, fields({affiliation, is_created ? created_word : ""})));
}

void Visits::released(std::string_view account, std::string_view room) const {
  const std::optional<std::string_view> row = memberships_.get(account, room);
  if (!row) return;
  const std::string affiliation(FieldReader(*row).next());
  if (affiliation == text(Affiliation::none) || affiliation == text(Affiliation::owner))
    memberships_.erase(account, room);
  else
    static_cast<void>(memberships_.put(account, room, fields({affiliation, ""})));
}

void Visits::account_removed(std::string_view account) const {
  for (auto row = memberships_.next(account, {}); row; row = memberships_.next(account, {})) {
    const std::string room(row->key);
    outgoing_.tell(room, topic::forget, account);
    memberships_.erase(account, room);
  }
}

// ---- sessions that end

void Visits::session_ended(std::string_view account, hl_session session) const {
  end_visits(account, [&](hl_session each, std::string_view) { return each == session; });
}

// Of sessions that ended while no generation of this module was there to hear of it.
void Visits::end_stale_visits(std::string_view account) const {
  end_visits(account, [&](hl_session each, std::string_view resource) {
    return sessions_.find(account, resource) != each;
  });
}

void Visits::went_unavailable(std::string_view account, std::string_view resource) const {
  end_visits(account, [&](hl_session, std::string_view each) { return each == resource; });
}

}  // namespace hotline::groups
