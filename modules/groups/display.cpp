#include "display.h"

#include <algorithm>

#include "words.h"

namespace hotline::groups {

namespace {

enum class Sees { places, addresses };

struct Shown {
  const Place& place;
  std::string_view nick;
  const Occupant& occupant;
  Standing standing;
  const Notice& notice;
};

// Absent when there is nothing to write.
std::string_view if_any(std::string_view text) {
  return text.empty() ? std::string_view{} : text;
}

void append_item(sdk::Xml& xml, const Shown& shown, Sees sees) {
  const Notice& notice = shown.notice;
  xml.open("item").attr("affiliation", text(shown.standing.affiliation));
  xml.attr("role", text(notice.is_unavailable && notice.new_nick.empty() ? Role::none : shown.standing.role));
  if (sees == Sees::addresses && !shown.occupant.resources.empty())
    xml.attr("jid", sdk::compose_jid({}, shown.occupant.account, shown.occupant.resources.front()));
  xml.attr("nick", if_any(notice.new_nick));
  if (!notice.actor.empty()) xml.open("actor").attr("nick", notice.actor).close();
  if (!notice.reason.empty()) xml.leaf("reason", notice.reason);
  xml.close();
}

// `to` empty: it is written for each receiver.
std::string presence_xml(const Shown& shown, Sees sees, std::string_view to,
                         const std::vector<int>& own = {}) {
  const Notice& notice = shown.notice;
  sdk::Xml xml;
  xml.open("presence")
      .attr("from", sdk::compose_jid({}, shown.place.room, shown.nick))
      .attr("to", if_any(to));
  if (notice.is_unavailable)
    xml.attr("type", "unavailable");
  else
    xml.raw(shown.occupant.presence);
  xml.open("x", ns::user);
  append_item(xml, shown, sees);
  for (const std::vector<int>* statuses : {&notice.statuses, &own})
    for (const int status : *statuses) xml.open("status").attr("code", status).close();
  xml.raw(notice.destroy).close();
  xml.open("occupant-id", ns::occupant_id).attr("id", shown.occupant.id).close();
  return xml.take();
}

Sees sight(const Place& place, Role viewer) {
  return place.settings.shows_addresses || viewer == Role::moderator ? Sees::addresses : Sees::places;
}

void keep_each_once(std::vector<std::string_view>& accounts) {
  std::ranges::sort(accounts);
  accounts.erase(std::unique(accounts.begin(), accounts.end()), accounts.end());
}

}  // namespace

Display::Display(const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing)
    : rooms_(rooms), occupants_(occupants), outgoing_(outgoing) {}

void Display::show(const Place& place, std::string_view nick, const Occupant& occupant, Standing standing,
                   const Notice& notice) const {
  show_others(place, nick, occupant, standing, notice);
  for (const std::string& resource : occupant.resources)
    show_self(place, nick, occupant, resource, standing, notice);
}

void Display::show_self(const Place& place, std::string_view nick, const Occupant& occupant,
                        std::string_view resource, Standing standing, const Notice& notice) const {
  const std::string to = sdk::compose_jid({}, occupant.account, resource);
  const std::string xml = presence_xml({place, nick, occupant, standing, notice}, Sees::addresses, to, {110});
  if (notice.is_unavailable && notice.new_nick.empty())
    outgoing_.departed(occupant.account, resource, place.room, xml);
  else
    outgoing_.give(occupant.account, resource, xml);
}

void Display::show_others(const Place& place, std::string_view nick, const Occupant& occupant,
                          Standing standing, const Notice& notice) const {
  const Shown shown{place, nick, occupant, standing, notice};
  std::vector<std::string_view> knowing, others;
  occupants_.for_each(place.room, [&](std::string_view other_nick, std::string_view row) {
    const std::string_view account = account_of_row(row);
    const Sees sees = sight(place, role_of_row(row));
    if (account != occupant.account) {
      (sees == Sees::addresses ? knowing : others).push_back(account);
    } else if (other_nick != nick) {  // The same person, in the room twice.
      const std::optional<Occupant> second = Occupant::decode(row);
      if (!second) return;
      for (const std::string& resource : second->resources) {
        const std::string to = sdk::compose_jid({}, account, resource);
        outgoing_.give(account, resource, presence_xml(shown, sees, to));
      }
    }
  });
  keep_each_once(knowing);
  keep_each_once(others);
  std::erase_if(others,
                [&](std::string_view account) { return std::ranges::binary_search(knowing, account); });
  // Presence is said again at the next change: nobody is refused for it.
  static_cast<void>(outgoing_.spread({}, knowing, presence_xml(shown, Sees::addresses, {})));
  static_cast<void>(outgoing_.spread({}, others, presence_xml(shown, Sees::places, {})));
}

// 7.2.2: the others first, then oneself, then the subject, which ends it.
void Display::welcome(const Place& place, std::string_view nick, const Occupant& occupant,
                      std::string_view resource, Standing standing, bool is_new_room) const {
  const std::string to = sdk::compose_jid({}, occupant.account, resource);
  const Sees sees = sight(place, standing.role);
  const Notice plain;
  std::vector<std::string> stanzas;
  occupants_.for_each(place.room, [&](std::string_view other_nick, std::string_view row) {
    if (other_nick == nick) return;
    const std::optional<Occupant> other = Occupant::decode(row);
    if (!other) return;
    const Standing its{rooms_.affiliation(place.room, other->account), other->role};
    stanzas.push_back(presence_xml({place, other_nick, *other, its, plain}, sees, to));
  });
  std::vector<int> statuses{110};
  if (place.settings.shows_addresses) statuses.push_back(100);
  if (is_new_room) statuses.push_back(201);
  stanzas.push_back(presence_xml({place, nick, occupant, standing, plain}, Sees::addresses, to, statuses));
  stanzas.push_back(subject_message(place, to));
  outgoing_.entered(occupant.account, resource, place.room, stanzas);
}

std::string Display::subject_message(const Place& place, std::string_view to) const {
  const std::optional<Subject> subject = rooms_.subject(place.room);
  sdk::Xml xml;
  const std::string from = sdk::compose_jid({}, place.room, subject ? subject->nick : "");
  xml.open("message").attr("from", from).attr("to", to).attr("type", "groupchat");
  xml.leaf("subject", subject ? subject->text : "");
  if (subject) xml.open("delay", ns::delay).attr("from", place.room).attr("stamp", subject->stamp).close();
  return xml.take();
}

}  // namespace hotline::groups
