// The words of rooms: namespaces, the topics that groups posts to itself, and the form of what is posted and
// kept. Topics, forms and rows are the module's schema: a generation takes what the one before it left.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::groups {

namespace ns {
constexpr std::string_view muc = "http://jabber.org/protocol/muc";
constexpr std::string_view user = "http://jabber.org/protocol/muc#user";
constexpr std::string_view admin = "http://jabber.org/protocol/muc#admin";
constexpr std::string_view owner = "http://jabber.org/protocol/muc#owner";
constexpr std::string_view room_config = "http://jabber.org/protocol/muc#roomconfig";
constexpr std::string_view room_info = "http://jabber.org/protocol/muc#roominfo";
constexpr std::string_view self_ping = "http://jabber.org/protocol/muc#self-ping-optimization";
constexpr std::string_view occupant_id = "urn:xmpp:occupant-id:0";
constexpr std::string_view conference = "jabber:x:conference";
constexpr std::string_view form = "jabber:x:data";
constexpr std::string_view registering = "jabber:iq:register";
constexpr std::string_view info = "http://jabber.org/protocol/disco#info";
constexpr std::string_view items = "http://jabber.org/protocol/disco#items";
constexpr std::string_view ping = "urn:xmpp:ping";
constexpr std::string_view delay = "urn:xmpp:delay";
constexpr std::string_view stanza_id = "urn:xmpp:sid:0";
constexpr std::string_view hints = "urn:xmpp:hints";
constexpr std::string_view receipts = "urn:xmpp:receipts";
constexpr std::string_view chat_states = "http://jabber.org/protocol/chatstates";
constexpr std::string_view client = "jabber:client";
}  // namespace ns

namespace topic {
// To a room's home, or the service's.
constexpr std::uint32_t from_person = 1;   // A stanza, `from` a full address, `to` prepared.
constexpr std::uint32_t create = 2;        // The same: a presence; its sender's home has counted the room.
constexpr std::uint32_t session_gone = 3;  // full address
constexpr std::uint32_t forget = 4;        // bare address: the account was removed.
constexpr std::uint32_t listed = 5;        // To the service: room, name.
constexpr std::uint32_t unlisted = 6;      // To the service: room.
// To a person's home.
constexpr std::uint32_t give = 10;         // resource, stanzas: as they are, to that session.
constexpr std::uint32_t entered = 11;      // resource, room, stanzas: that session is in the room now.
constexpr std::uint32_t departed = 12;     // resource, room, stanzas: it no longer is.
constexpr std::uint32_t copy = 13;         // A stanza without `to`, from a room: kept until it is accepted.
constexpr std::uint32_t live = 14;         // The same, for those who are in the room now.
constexpr std::uint32_t may_create = 15;   // A presence that would make a room.
constexpr std::uint32_t affiliation = 16;  // room, affiliation
constexpr std::uint32_t released = 17;     // room: it is gone, or was another's: it no longer counts.
constexpr std::uint32_t invitation = 18;   // A message from a room: an invitation, or that one is declined.
// From other modules, to a person's home.
constexpr std::uint32_t account_removed = 30;   // From registration: no bytes.
constexpr std::uint32_t went_unavailable = 31;  // From presence: resource
}  // namespace topic

// Between the fields of rows and posts: XML text, addresses and nicks cannot hold it.
constexpr char field_end = '\x1f';

inline std::string fields(std::initializer_list<std::string_view> parts) {
  std::string out;
  bool is_first = true;
  for (const std::string_view part : parts) {
    if (!is_first) out.append(1, field_end);
    out.append(part);
    is_first = false;
  }
  return out;
}

// Takes one field after the other from the front.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
  bool has_more() const { return has_more_; }
  // Empty when there is none left.
  std::string_view next() {
    const std::size_t end = rest_.find(field_end);
    const std::string_view field = rest_.substr(0, end);
    has_more_ = end != std::string_view::npos;
    rest_ = has_more_ ? rest_.substr(end + 1) : std::string_view{};
    return field;
  }

 private:
  std::string_view rest_;
  bool has_more_ = true;
};

constexpr std::string_view service_label = "groups";  // As the manifest has it.

inline std::string service_domain(std::string_view domain) {
  return std::string(service_label).append(1, '.').append(domain);
}

// The parts of a prepared address.
constexpr std::string_view bare(std::string_view address) {
  return address.substr(0, address.find('/'));
}
constexpr std::string_view resource(std::string_view address) {
  const std::size_t slash = address.find('/');
  return slash == std::string_view::npos ? std::string_view{} : address.substr(slash + 1);
}

}  // namespace hotline::groups
