// groups: rooms at groups.<domain> (XEP-0045), with members who stay while they are away.
//
//     sender's home    on_stanza   `to` is prepared, size and rate are looked at; to what the sender blocks
//                                  nothing goes but goodbyes
//                      post        the stanza, not copied
//     room's home      on_post     attendance.h talk.h administration.h ownership.h discovery.h: who may do
//                                  what; a message is composed and parsed once, and fanned out
//     person's home    on_post     visits.h: the blocklist, the mailbox of who stays, the sessions that
//                                  are in the room
//     later            on_drain    what waited, once a session enters the room
//
// A room is an account: its address has a home, and its rows are there (rooms.h, occupants.h). A person's
// part of it is at the person's home (visits.h). Between both there are posts only (words.h). An instance
// holds nothing.
//
// What is refused, and how: docs/protocol.md, "Rooms".
//
// Configuration, "modules": { "groups": { ... } }:
//     rooms_max                  one account makes (50)
//     affiliates_max             one room has: members, admins, owners, and who is banned (2000)
//     occupants_max              are in one room at once (500)
//     copies_max                 entries in a mailbox up to which copies are kept for who is away (2500)
//     nick_bytes_max             of a nick (64)
//     room_bytes_max             of a room's name, the part before the @ (64)
//     message_bytes_max          of a message to a room, all of it (65536)
//     messages_per_second_max    from one session, to all rooms (20, at most 13000); a presence is a fifth of
//     one
//
// Counted (`hotline modules`): copies_dropped.
#include "groups.h"

#include <algorithm>

#include "presence/session_fields.h"
#include "words.h"

namespace hotline::groups {

namespace {

std::size_t size_in(const sdk::Config& config, std::string_view key, std::int64_t otherwise) {
  return static_cast<std::size_t>(config.number(key, otherwise));
}

std::string more_than(std::string_view what, std::size_t most, std::string_view unit) {
  return std::string(what).append(" has at most ").append(std::to_string(most)).append(1, ' ').append(unit);
}

// A presence alone: a message may have any type, and one of a type that is not known is a normal one.
bool is_goodbye(const hl_stanza& stanza) {
  return stanza.kind == HL_STANZA_PRESENCE && sdk::view(stanza.type) == "unavailable";
}

}  // namespace

Groups::Groups(const hl_host* host)
    : sessions_(host),
      stanzas_(host),
      posts_(host),
      crypto_(host),
      clock_(host),
      photo_(host),
      said_(sessions_.field(session_fields::groups_said)),
      blocked_(host),
      outgoing_(host),
      rooms_(host),
      occupants_(host),
      display_(rooms_, occupants_, outgoing_),
      attendance_(host, rooms_, occupants_, outgoing_, display_),
      promotions_(rooms_, occupants_, outgoing_, display_, attendance_),
      talk_(host, rooms_, occupants_, outgoing_, promotions_),
      administration_(host, rooms_, occupants_, outgoing_, promotions_),
      ownership_(host, rooms_, outgoing_, attendance_, promotions_, talk_),
      discovery_(host, rooms_, occupants_, outgoing_),
      visits_(host, blocked_, outgoing_) {
  const sdk::Config config(host);
  service_ = service_domain(config.domain());
  nick_size_max_ = size_in(config, "nick_bytes_max", 64);
  room_size_max_ = size_in(config, "room_bytes_max", 64);
  message_size_max_ = size_in(config, "message_bytes_max", 65'536);
  messages_per_second_max_ = std::min<std::int64_t>(config.number("messages_per_second_max", 20), 13'000);
}

// ---- the sender's home

sdk::Status Groups::on_stanza(const hl_stanza_event& event) {
  const hl_stanza& stanza = *event.stanza;
  const std::string_view type = sdk::view(stanza.type);
  if (event.session == 0) return HL_E_NONE;
  if (stanza.kind == HL_STANZA_IQ && (type == "result" || type == "error")) return HL_OK;  // We ask nothing.
  if (stanza.kind == HL_STANZA_IQ && (sdk::is_absent(stanza.id) || (type != "get" && type != "set")))
    return refuse(event,
                  {"modify", "bad-request", "an iq has an id and a type of get, set, result or error"});
  const std::optional<std::string> to = crypto_.prepare_jid(sdk::view(stanza.to));
  const std::optional<sdk::Jid> jid = to ? sdk::Jid::parse(*to) : std::nullopt;
  if (!jid || jid->domain != service_) return refuse(event, {"modify", "jid-malformed"});
  if (jid->local.size() > room_size_max_)
    return refuse(event, {"modify", "not-acceptable", more_than("a room's name", room_size_max_, "bytes")});
  if (jid->resource.size() > nick_size_max_)
    return refuse(event, {"modify", "not-acceptable", more_than("a nick", nick_size_max_, "bytes")});
  if (jid->local.empty() && stanza.kind != HL_STANZA_IQ) return HL_E_NONE;
  if (is_blocked(event, *to)) {
    if (sdk::is_answerable(stanza)) sessions_.send(event.session, blocked_error_of(stanza));
    return HL_OK;
  }
  if (stanza.kind == HL_STANZA_MESSAGE) {
    if (stanza.xml.size > message_size_max_)
      return refuse(event, {"modify", "policy-violation",
                            more_than("a message to a room", message_size_max_, "bytes")});
  }
  if (!may_say_more(event.session, stanza))
    return refuse(event, {"wait", "policy-violation", "that was too much for a second: try again in one"});
  return pass_on(event, *to);
}

// One may always leave: also a room that was blocked while one was in it.
bool Groups::is_blocked(const hl_stanza_event& event, std::string_view to) const {
  return !is_goodbye(*event.stanza) && blocked_.covers(sdk::view(event.account), to);
}

// What was said in which second: (second << 16) | a sum. Everybody in a room is told of each message and each
// presence; a client that comes online enters many rooms at once, so a presence counts as a fifth of a
// message.
bool Groups::may_say_more(hl_session session, const hl_stanza& stanza) const {
  constexpr std::int64_t of_presence = 1, of_message = 5;
  if (stanza.kind == HL_STANZA_IQ || is_goodbye(stanza)) return true;
  const auto second = static_cast<std::int64_t>(clock_.mono_us() / 1'000'000);
  const std::int64_t field = said_.get(session);
  const std::int64_t sum = (field >> 16 == second ? field & 0xffff : 0) +
                           (stanza.kind == HL_STANZA_MESSAGE ? of_message : of_presence);
  if (sum > messages_per_second_max_ * of_message) return false;
  said_.set(session, second << 16 | sum);
  return true;
}

// The stanza itself, or one with the prepared address in its place, and with the picture that the account
// shows (XEP-0398 4).
sdk::Status Groups::pass_on(const hl_stanza_event& event, std::string_view to) {
  const hl_stanza* stanza = event.stanza;
  if (to != sdk::view(stanza->to)) {
    sdk::Xml xml;
    xml.open(sdk::view(stanza->name)).attr("from", stanza->from).attr("to", to).attr("id", stanza->id);
    xml.attr("type", stanza->type).attr("xml:lang", stanzas_.root(*stanza).attr("xml:lang"));
    stanza = stanzas_.parse(xml.raw(sdk::view(stanza->inner)).take());
    if (stanza == nullptr) return refuse(event, {"modify", "bad-request"});
  }
  if (stanza->kind == HL_STANZA_PRESENCE && sdk::is_absent(stanza->type)) {
    const std::string shown = photo_.stamped(sdk::view(event.account), sdk::view(stanza->xml));
    if (shown != sdk::view(stanza->xml)) stanza = stanzas_.parse(shown);
    if (stanza == nullptr) return refuse(event, {"modify", "bad-request"});
  }
  const sdk::Status status = posts_.stanza(bare(to), topic::from_person, *stanza);
  if (status == HL_E_FULL) return refuse(event, overloaded());
  sdk::require(status, "post.stanza");
  return HL_OK;
}

sdk::Status Groups::refuse(const hl_stanza_event& event, const Refusal& why) const {
  if (sdk::is_answerable(*event.stanza) && !is_goodbye(*event.stanza))
    sessions_.send(event.session, error_of(*event.stanza, why));
  return HL_OK;
}

sdk::Status Groups::on_session(const hl_session_event& event) {
  // A session that is only detached is still in its rooms: it may be resumed (XEP-0198 5).
  if (event.what == HL_SESSION_ENDED) visits_.session_ended(sdk::view(event.account), event.session);
  return HL_OK;
}

// ---- other homes

sdk::Status Groups::on_post(const hl_post_event& event) {
  const std::string_view account = sdk::view(event.account);
  if (event.stanza == nullptr) return on_bytes(account, event.topic, sdk::view(event.bytes));
  if (event.topic == topic::from_person || event.topic == topic::create)
    return on_room_stanza(account, event.topic, *event.stanza);
  return on_person_stanza(account, event.topic, *event.stanza);
}

sdk::Status Groups::on_room_stanza(std::string_view address, std::uint32_t topic, const hl_stanza& stanza) {
  const std::string_view to = sdk::view(stanza.to), nick = resource(to);
  if (bare(to) != address || resource(sdk::view(stanza.from)).empty()) return HL_E_NONE;
  if (address == service_) {
    if (!discovery_.on_service_iq(address, stanza))
      outgoing_.refuse(stanza, {"cancel", "service-unavailable"});
    return HL_OK;
  }
  switch (stanza.kind) {
    case HL_STANZA_PRESENCE:
      if (topic == topic::create)
        attendance_.create(address, nick, stanza);
      else
        attendance_.on_presence(address, nick, stanza);
      return HL_OK;
    case HL_STANZA_MESSAGE: talk_.on_message(address, nick, stanza); return HL_OK;
    case HL_STANZA_IQ: on_room_iq(address, nick, stanza); return HL_OK;
    default: return HL_E_NONE;
  }
}

void Groups::on_room_iq(std::string_view room, std::string_view nick, const hl_stanza& iq) {
  if (discovery_.on_room_iq(room, nick, iq)) return;
  const std::string_view ns = sdk::view(iq.payload_ns);
  const bool is_known = ns == ns::owner || ns == ns::admin || ns == ns::registering;
  if (!nick.empty() || !is_known) return outgoing_.refuse(iq, {"cancel", "service-unavailable"});
  const std::optional<Settings> settings = rooms_.find(room);
  if (!settings) return outgoing_.refuse(iq, {"cancel", "item-not-found", "there is no such room"});
  const Place place{room, *settings};
  if (ns == ns::owner) return ownership_.on_iq(place, iq);
  if (ns == ns::admin) return administration_.on_admin(place, iq);
  administration_.on_register(place, iq);
}

sdk::Status Groups::on_person_stanza(std::string_view account, std::uint32_t topic, const hl_stanza& stanza) {
  switch (topic) {
    case topic::copy: visits_.copy(account, stanza); return HL_OK;
    case topic::live: visits_.live(account, stanza); return HL_OK;
    case topic::invitation: visits_.invitation(account, stanza); return HL_OK;
    case topic::may_create:
      if (stanza.kind != HL_STANZA_PRESENCE || bare(sdk::view(stanza.from)) != account) return HL_E_NONE;
      visits_.may_create(account, stanza);
      return HL_OK;
    default: return HL_E_NONE;
  }
}

sdk::Status Groups::on_bytes(std::string_view account, std::uint32_t topic, std::string_view bytes) {
  FieldReader reader(bytes);
  switch (topic) {
    case topic::session_gone: attendance_.session_gone(account, bytes); return HL_OK;
    case topic::forget: promotions_.forget(account, bytes); return HL_OK;
    case topic::listed: {
      const std::string_view room = reader.next();
      discovery_.listed(account, room, reader.next());
      return HL_OK;
    }
    case topic::unlisted: discovery_.unlisted(account, bytes); return HL_OK;
    case topic::give: visits_.give(account, bytes); return HL_OK;
    case topic::entered: visits_.entered(account, bytes); return HL_OK;
    case topic::departed: visits_.departed(account, bytes); return HL_OK;
    case topic::affiliation: visits_.affiliation(account, bytes); return HL_OK;
    case topic::released: visits_.released(account, bytes); return HL_OK;
    case topic::account_removed: visits_.account_removed(account); return HL_OK;
    case topic::went_unavailable: visits_.went_unavailable(account, bytes); return HL_OK;
    default: return HL_E_NONE;
  }
}

HL_MANIFEST(
    "about Rooms at groups.<domain>, with members who stay while they are away\n"
    "needs hotline.session/1\n"
    "needs hotline.stanza/1\n"
    "needs hotline.mailbox/1\n"
    "needs hotline.post/1\n"
    "needs hotline.table/1\n"
    "needs hotline.crypto/1\n"
    "needs hotline.random/1\n"
    "needs hotline.config/1\n"
    "needs hotline.clock/1\n"
    "wants hotline.stats/1\n"
    "wants hotline.log/1\n"
    "service groups\n"
    "table rooms durable writes 1 reads 1\n"
    "table memberships durable writes 1 reads 1\n"
    "table public_rooms durable writes 1 reads 1\n"
    "table occupants volatile writes 1 reads 1\n"
    "table visits volatile writes 1 reads 1\n"
    "reads-table avatars\n"
    "reads-table blocked\n"
    "reads-table push_devices\n"
    "reads-table push_watch\n"
    "sessions\n"
    "drain\n"
    "accepts-posts registration\n"
    "accepts-posts presence\n");

}  // namespace hotline::groups

HL_MODULE = hotline::sdk::entry<hotline::groups::Groups>(hotline::groups::hl_manifest_text);
