// Discovery: what the service and its rooms say of themselves (XEP-0030, XEP-0045 6), and answers to pings
// (XEP-0199, XEP-0410). The service keeps the list of public rooms in table "public_rooms" of its own
// account, its domain, at that one's home.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "occupants.h"
#include "outgoing.h"
#include "rooms.h"

namespace hotline::groups {

class Discovery {
 public:
  Discovery(const hl_host* host, const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing);

  // Queries to the service. False: not of this kind.
  bool on_service_iq(std::string_view service, const hl_stanza& iq) const;
  // Queries to a room, or with a nick to one occupant.
  bool on_room_iq(std::string_view room, std::string_view nick, const hl_stanza& iq) const;
  void listed(std::string_view service, std::string_view room, std::string_view name) const;
  void unlisted(std::string_view service, std::string_view room) const { public_rooms_.erase(service, room); }

 private:
  void info(std::string_view room, const hl_stanza& iq) const;
  void items(std::string_view room, const hl_stanza& iq) const;
  void list(std::string_view service, const hl_stanza& iq) const;
  void ping(std::string_view room, std::string_view nick, const hl_stanza& iq) const;
  bool may_look(std::string_view room, const Settings& settings, const hl_stanza& iq) const;

  sdk::Stanzas stanzas_;
  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
  sdk::Table public_rooms_;
};

}  // namespace hotline::groups
