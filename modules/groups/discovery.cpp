#include "discovery.h"

#include <algorithm>
#include <charconv>

#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::int64_t page_max = 200;  // Rooms in one answer (XEP-0059).
constexpr std::string_view ns_rsm = "http://jabber.org/protocol/rsm";

void append_feature(sdk::Xml& xml, std::string_view feature) {
  xml.open("feature").attr("var", feature).close();
}

void append_field(sdk::Xml& xml, std::string_view var, std::string_view value) {
  xml.open("field").attr("var", var).leaf("value", value).close();
}

std::int64_t number_in(std::string_view text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 0 ? number : otherwise;
}

std::string features_of(const Settings& settings) {
  const std::pair<bool, std::pair<std::string_view, std::string_view>> pairs[] = {
      {settings.is_members_only, {"muc_membersonly", "muc_open"}},
      {settings.is_moderated, {"muc_moderated", "muc_unmoderated"}},
      {settings.shows_addresses, {"muc_nonanonymous", "muc_semianonymous"}},
      {!settings.password.empty(), {"muc_passwordprotected", "muc_unsecured"}},
      {settings.is_persistent, {"muc_persistent", "muc_temporary"}},
      {settings.is_public, {"muc_public", "muc_hidden"}},
  };
  sdk::Xml xml;
  for (const auto& [is_so, words] : pairs) append_feature(xml, is_so ? words.first : words.second);
  return xml.take();
}

}  // namespace

Discovery::Discovery(const hl_host* host, const Rooms& rooms, const Occupants& occupants,
                     const Outgoing& outgoing)
    : stanzas_(host),
      rooms_(rooms),
      occupants_(occupants),
      outgoing_(outgoing),
      public_rooms_(sdk::Tables(host).open("public_rooms")) {}

void Discovery::listed(std::string_view service, std::string_view room, std::string_view name) const {
  // With more public rooms than an account has rows the further ones are found by their address alone.
  static_cast<void>(public_rooms_.put(service, room, name));
}

bool Discovery::on_service_iq(std::string_view service, const hl_stanza& iq) const {
  if (sdk::view(iq.type) != "get") return false;
  const std::string_view ns = sdk::view(iq.payload_ns);
  if (ns == ns::ping) {
    outgoing_.answer(iq);
  } else if (ns == ns::items) {
    list(service, iq);
  } else if (ns == ns::info) {
    if (!stanzas_.payload(iq).attr("node").empty()) {
      outgoing_.refuse(iq, {"cancel", "item-not-found"});
      return true;
    }
    sdk::Xml xml;
    xml.open("query", ns::info).open("identity");
    xml.attr("category", "conference").attr("type", "text").attr("name", "Groups").close();
    for (const std::string_view feature :
         {ns::info, ns::items, ns::muc, ns::occupant_id, ns::self_ping, ns_rsm, ns::ping})
      append_feature(xml, feature);
    outgoing_.answer(iq, xml.take());
  } else {
    return false;
  }
  return true;
}

// Public rooms in order of their address, a page at a time.
void Discovery::list(std::string_view service, const hl_stanza& iq) const {
  const sdk::Element set = stanzas_.payload(iq).child("set", ns_rsm);
  const std::int64_t max = std::min(page_max, number_in(set.child("max", ns_rsm).text(), page_max));
  const std::string_view after = set.child("after", ns_rsm).text();
  sdk::Xml xml;
  xml.open("query", ns::items);
  std::string first, last;
  std::int64_t count = 0;
  for (auto row = public_rooms_.next(service, after); row && count < max;
       row = public_rooms_.next(service, last), ++count) {
    last = row->key;
    if (first.empty()) first = last;
    xml.open("item").attr("jid", row->key);
    if (!row->value.empty()) xml.attr("name", row->value);
    xml.close();
  }
  xml.open("set", ns_rsm);
  if (count > 0) xml.leaf("first", first).leaf("last", last);
  xml.leaf("count", std::to_string(public_rooms_.count(service)));
  outgoing_.answer(iq, xml.take());
}

// A room that is hidden and not for the asker is not told from one that is not there.
bool Discovery::may_look(std::string_view room, const Settings& settings, const hl_stanza& iq) const {
  const std::string_view account = bare(sdk::view(iq.from));
  const Affiliation affiliation = rooms_.affiliation(room, account);
  if (settings.is_locked) return affiliation == Affiliation::owner;
  if (affiliation == Affiliation::outcast) return settings.is_public;
  return settings.is_public || !settings.is_members_only || affiliation >= Affiliation::member;
}

bool Discovery::on_room_iq(std::string_view room, std::string_view nick, const hl_stanza& iq) const {
  if (sdk::view(iq.type) != "get") return false;
  const std::string_view ns = sdk::view(iq.payload_ns);
  if (ns == ns::ping) {
    ping(room, nick, iq);
  } else if (nick.empty() && ns == ns::info) {
    info(room, iq);
  } else if (nick.empty() && ns == ns::items) {
    items(room, iq);
  } else {
    return false;
  }
  return true;
}

void Discovery::info(std::string_view room, const hl_stanza& iq) const {
  const std::optional<Settings> settings = rooms_.find(room);
  const std::string_view node = stanzas_.payload(iq).attr("node");
  if (!settings || !may_look(room, *settings, iq) || !node.empty())
    return outgoing_.refuse(iq, {"cancel", "item-not-found", "there is no such room"});
  std::int64_t present = 0;
  occupants_.for_each(room, [&](std::string_view, std::string_view) { ++present; });
  const std::optional<Subject> subject = rooms_.subject(room);
  sdk::Xml xml;
  xml.open("query", ns::info).open("identity").attr("category", "conference").attr("type", "text");
  xml.attr("name", settings->name).close();
  for (const std::string_view feature :
       {ns::info, ns::items, ns::muc, ns::occupant_id, ns::self_ping, ns::registering, ns::ping})
    append_feature(xml, feature);
  xml.raw(features_of(*settings)).open("x", ns::form).attr("type", "result");
  xml.open("field").attr("var", "FORM_TYPE").attr("type", "hidden").leaf("value", ns::room_info).close();
  append_field(xml, "muc#roominfo_description", settings->description);
  append_field(xml, "muc#roominfo_occupants", std::to_string(present));
  if (subject) append_field(xml, "muc#roominfo_subject", subject->text);
  append_field(xml, "muc#roominfo_subjectmod", settings->lets_all_set_subject ? "1" : "0");
  outgoing_.answer(iq, xml.take());
}

// 6.5: nicks are for those who are in the room.
void Discovery::items(std::string_view room, const hl_stanza& iq) const {
  const std::optional<Settings> settings = rooms_.find(room);
  if (!settings || !may_look(room, *settings, iq))
    return outgoing_.refuse(iq, {"cancel", "item-not-found", "there is no such room"});
  sdk::Xml xml;
  xml.open("query", ns::items);
  if (!occupants_.nick_of(room, sdk::view(iq.from)).empty())
    occupants_.for_each(room, [&](std::string_view nick, std::string_view) {
      xml.open("item").attr("jid", sdk::compose_jid({}, room, nick)).close();
    });
  outgoing_.answer(iq, xml.take());
}

// XEP-0410: to one's own place, whether one is still in it. Others' clients are not asked.
void Discovery::ping(std::string_view room, std::string_view nick, const hl_stanza& iq) const {
  if (nick.empty()) {
    const std::optional<Settings> settings = rooms_.find(room);
    if (!settings || !may_look(room, *settings, iq))
      return outgoing_.refuse(iq, {"cancel", "item-not-found", "there is no such room"});
    return outgoing_.answer(iq);
  }
  const std::string here = occupants_.nick_of(room, sdk::view(iq.from));
  if (here.empty()) return outgoing_.refuse(iq, {"cancel", "not-acceptable", "you are not in this room"});
  if (here == nick) return outgoing_.answer(iq);
  if (!occupants_.find(room, nick))
    return outgoing_.refuse(iq, {"cancel", "item-not-found", "nobody has that nick here"});
  outgoing_.refuse(iq, {"cancel", "service-unavailable"});
}

}  // namespace hotline::groups
