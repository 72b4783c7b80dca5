#include "talk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "media_link/link.h"
#include "words.h"

namespace hotline::groups {

namespace {

constexpr std::size_t subject_size_max = 1024;
constexpr int invitations_max = 10;  // In one message.

// What only the room may say in its own name.
bool is_rooms_own(const sdk::Element& child, std::string_view room) {
  if (child.ns() == ns::occupant_id || child.ns() == ns::user) return true;
  if (child.ns() == ns::delay) return bare(child.attr("from")) == room;
  return child.ns() == ns::stanza_id && child.name() == "stanza-id" && bare(child.attr("by")) == room;
}

}  // namespace

struct Talk::Speaker {
  std::string nick;
  Occupant occupant;
  Affiliation affiliation = Affiliation::none;
};

Talk::Talk(const hl_host* host, const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing,
           const Promotions& promotions)
    : stanzas_(host),
      crypto_(host),
      clock_(host),
      config_(host),
      rooms_(rooms),
      occupants_(occupants),
      outgoing_(outgoing),
      promotions_(promotions) {}

void Talk::on_message(std::string_view room, std::string_view nick, const hl_stanza& message) const {
  const std::string_view type = sdk::view(message.type);
  if (type == "error") return;
  const std::optional<Settings> settings = rooms_.find(room);
  if (!settings) return outgoing_.refuse(message, {"cancel", "item-not-found", "there is no such room"});
  if (media_link::has_large_thumbnail(stanzas_, message))
    return outgoing_.refuse(message, {"modify", "policy-violation", "a thumbnail may have 8192 bytes"});
  const Place place{room, *settings};
  if (!nick.empty()) {
    if (type == "groupchat")
      return outgoing_.refuse(
          message, {"modify", "bad-request", "a message to one occupant is not of type groupchat"});
    return whisper(place, nick, message);
  }
  if (type == "groupchat") return say(place, message);
  const sdk::Element wish = stanzas_.root(message).child("x", ns::user);
  if (wish.child("invite", ns::user)) return invite(place, wish, message);
  if (wish.child("decline", ns::user)) return decline(place, wish, message);
  outgoing_.refuse(message, {"modify", "bad-request", "a message to a room is of type groupchat"});
}

std::optional<Talk::Speaker> Talk::speaker(const Place& place, const hl_stanza& message) const {
  std::string nick = occupants_.nick_of(place.room, sdk::view(message.from));
  if (nick.empty()) return std::nullopt;
  std::optional<Occupant> occupant = occupants_.find(place.room, nick);
  if (!occupant) return std::nullopt;
  const Affiliation affiliation = rooms_.affiliation(place.room, occupant->account);
  return Speaker{std::move(nick), *std::move(occupant), affiliation};
}

// 7.4
void Talk::say(const Place& place, const hl_stanza& message) const {
  const std::optional<Speaker> who = speaker(place, message);
  if (!who) return outgoing_.refuse(message, {"modify", "not-acceptable", "enter the room first"});
  if (who->occupant.role < Role::participant)
    return outgoing_.refuse(message, {"auth", "forbidden", "visitors have no voice here"});
  const sdk::Element root = stanzas_.root(message), subject = root.child("subject", ns::client);
  const bool sets_subject = subject && !root.child("body", ns::client);
  if (sets_subject) {
    if (who->occupant.role != Role::moderator && !place.settings.lets_all_set_subject)
      return outgoing_.refuse(message, {"auth", "forbidden", "the subject is the moderators' to set"});
    if (subject.text().size() > subject_size_max)
      return outgoing_.refuse(message, {"modify", "policy-violation", "a subject has at most 1024 bytes"});
    if (set_subject(place, *who, subject.text()) != HL_OK) return outgoing_.refuse(message, overloaded());
  }
  // A subject is told to everybody who enters: no need to keep it.
  const bool is_kept = !sets_subject && is_worth_keeping(message);
  if (spread(place.room, composed(place, *who, message, {}), is_kept) != HL_OK)
    outgoing_.refuse(message, overloaded());
}

sdk::Status Talk::set_subject(const Place& place, const Speaker& who, std::string_view subject) const {
  return rooms_.put(place.room, Subject{who.nick, sdk::timestamp(clock_.wall_ms()), std::string(subject)});
}

// 7.5. To one who stays and is away it is kept, which is how the receipts of what somebody said find him.
void Talk::whisper(const Place& place, std::string_view nick, const hl_stanza& message) const {
  const std::optional<Speaker> who = speaker(place, message);
  if (!who) return outgoing_.refuse(message, {"modify", "not-acceptable", "enter the room first"});
  const std::optional<Occupant> present = occupants_.find(place.room, nick);
  const std::string account = present ? present->account : rooms_.holder(place.room, nick);
  if (account.empty())
    return outgoing_.refuse(message, {"cancel", "item-not-found", "nobody has that nick here"});
  const bool is_kept =
      rooms_.affiliation(place.room, account) >= Affiliation::member && is_worth_keeping(message);
  const std::string xml = composed(place, *who, message, "<x xmlns='http://jabber.org/protocol/muc#user'/>");
  const Outgoing::Accounts one{account}, nobody;
  if (outgoing_.spread(is_kept ? one : nobody, is_kept ? nobody : one, xml) != HL_OK)
    outgoing_.refuse(message, overloaded());
}

std::string Talk::composed(const Place& place, const Speaker& who, const hl_stanza& message,
                           std::string_view more) const {
  bool has_forgery = false;
  const sdk::Element root = stanzas_.root(message);
  for (sdk::Element child = root.first(); child; child = child.next())
    has_forgery = has_forgery || is_rooms_own(child, place.room);
  sdk::Xml xml;
  xml.open("message").attr("from", sdk::compose_jid({}, place.room, who.nick));
  xml.attr("id", message.id).attr("type", message.type).attr("xml:lang", root.attr("xml:lang"));
  if (has_forgery) {
    for (sdk::Element child = root.first(); child; child = child.next())
      if (!is_rooms_own(child, place.room)) xml.raw(child.xml());
  } else {
    xml.raw(sdk::view(message.inner));
  }
  xml.raw(more).open("occupant-id", ns::occupant_id).attr("id", who.occupant.id).close();
  return xml.take();
}

// Chat states, hints and the like alone mean nothing later, as routing has it for messages between two.
bool Talk::is_worth_keeping(const hl_stanza& message) const {
  bool is_kept = false;
  for (sdk::Element child = stanzas_.root(message).first(); child; child = child.next()) {
    if (child.is("no-store", ns::hints)) return false;
    const bool is_passing = child.ns() == ns::chat_states || child.name() == "thread" ||
                            (child.ns() == ns::hints && child.name() != "store") ||
                            child.is("request", ns::receipts);
    is_kept = is_kept || !is_passing;
  }
  return is_kept;
}

// To those who stay, here or away; and to the others who are here.
sdk::Status Talk::spread(std::string_view room, std::string_view xml, bool is_kept) const {
  std::vector<std::string_view> staying, others;
  if (is_kept)
    rooms_.for_each_affiliate(room, [&](std::string_view account, std::string_view row) {
      // Empty nick: does not stay. Its end is the row's.
      if (!row.ends_with(field_end)) staying.push_back(account);
    });
  occupants_.for_each(room, [&](std::string_view, std::string_view row) {
    const std::string_view account = account_of_row(row);
    if (!std::ranges::binary_search(staying, account)) others.push_back(account);
  });
  std::ranges::sort(others);
  others.erase(std::unique(others.begin(), others.end()), others.end());
  return outgoing_.spread(staying, others, xml);
}

void Talk::announce(std::string_view room, const std::vector<int>& statuses) const {
  sdk::Xml xml;
  xml.open("message").attr("from", room).attr("type", "groupchat").open("x", ns::user);
  for (const int status : statuses) xml.open("status").attr("code", status).close();
  static_cast<void>(spread(room, xml.take(), false));  // Told again to who enters later.
}

// 7.8.2
void Talk::invite(const Place& place, const sdk::Element& wish, const hl_stanza& message) const {
  const std::optional<Speaker> who = speaker(place, message);
  if (!who) return outgoing_.refuse(message, {"auth", "forbidden", "only who is in the room invites"});
  const bool may_admit = who->affiliation >= Affiliation::admin || place.settings.lets_all_invite;
  if (who->occupant.role < Role::participant || (place.settings.is_members_only && !may_admit))
    return outgoing_.refuse(message, {"auth", "forbidden", "inviting is for the room's admins"});
  int count = 0;
  for (sdk::Element child = wish.first(); child; child = child.next()) {
    if (!child.is("invite", ns::user)) continue;
    if (++count > invitations_max)
      return outgoing_.refuse(message, {"modify", "policy-violation", "a message invites 10 at most"});
    if (const std::optional<Refusal> why = invite_one(place, child, message))
      return outgoing_.refuse(message, *why);
  }
}

std::optional<Refusal> Talk::invite_one(const Place& place, const sdk::Element& invite,
                                        const hl_stanza& message) const {
  const std::optional<std::string> address = crypto_.prepare_jid(invite.attr("to"));
  const std::optional<sdk::Jid> jid = address ? sdk::Jid::parse(*address) : std::nullopt;
  if (!jid || jid->local.empty()) return Refusal{"modify", "jid-malformed", "an invitation names an account"};
  if (jid->domain != config_.domain())
    return Refusal{"cancel", "remote-server-not-found", "this server does not talk to others"};
  const std::string_view reason = invite.child("reason", ns::user).text(),
                         inviter = bare(sdk::view(message.from));
  if (std::optional<Refusal> why = refusal_of_reason(reason)) return why;
  const Affiliation before = rooms_.affiliation(place.room, jid->bare());
  if (before == Affiliation::outcast)
    return Refusal{"auth", "forbidden", "that account is banned from the room"};
  if (place.settings.is_members_only && before == Affiliation::none &&
      promotions_.set(place, jid->bare(), Affiliation::member, {}) != HL_OK)
    return Refusal{"wait", "resource-constraint", "the room has as many members as it may"};
  sdk::Xml xml;
  xml.open("message").attr("from", place.room).attr("to", jid->bare()).attr("id", message.id);
  xml.open("x", ns::user).open("invite").attr("from", inviter);
  if (!reason.empty()) xml.leaf("reason", reason);
  xml.close();
  if (!place.settings.password.empty()) xml.leaf("password", place.settings.password);
  xml.close().open("x", ns::conference).attr("jid", place.room);
  if (!reason.empty()) xml.attr("reason", reason);
  xml.close();
  if (outgoing_.route(jid->bare(), xml.take()) == HL_E_FULL) return overloaded();
  rooms_.invite(place.room, jid->bare(), inviter, sdk::timestamp(clock_.wall_ms()));
  return std::nullopt;
}

// 7.8.2, to who has invited, once. Everybody else has one answer, whoever they ask about: they neither learn
// who is of the room, nor have it carry their words to anybody.
void Talk::decline(const Place& place, const sdk::Element& wish, const hl_stanza& message) const {
  const sdk::Element no = wish.child("decline", ns::user);
  const std::optional<std::string> to = crypto_.prepare_jid(no.attr("to"));
  if (!to) return outgoing_.refuse(message, {"modify", "jid-malformed"});
  const std::string_view reason = no.child("reason", ns::user).text();
  if (const std::optional<Refusal> why = refusal_of_reason(reason)) return outgoing_.refuse(message, *why);
  const std::string_view inviter = bare(*to), invitee = bare(sdk::view(message.from));
  if (rooms_.affiliation(place.room, invitee) == Affiliation::outcast ||
      !rooms_.is_invited(place.room, invitee, inviter))
    return outgoing_.refuse(message, {"auth", "forbidden", "they have not invited you to this room"});
  sdk::Xml xml;
  xml.open("message").attr("from", place.room).attr("to", inviter).attr("id", message.id);
  xml.open("x", ns::user).open("decline").attr("from", invitee);
  if (!reason.empty()) xml.leaf("reason", reason);
  if (outgoing_.route(inviter, xml.take()) == HL_E_FULL) return outgoing_.refuse(message, overloaded());
  rooms_.forget_invitation(place.room, invitee, inviter);
}

}  // namespace hotline::groups
