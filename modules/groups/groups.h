// Groups: see groups.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "administration.h"
#include "attendance.h"
#include "discovery.h"
#include "display.h"
#include "occupants.h"
#include "outgoing.h"
#include "ownership.h"
#include "privacy/blocked.h"
#include "profile/photo.h"
#include "promotions.h"
#include "rooms.h"
#include "talk.h"
#include "visits.h"

namespace hotline::groups {

class Groups {
 public:
  explicit Groups(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_drain(const hl_drain_event& event) { return visits_.drain(event); }
  sdk::Status on_session(const hl_session_event& event);

 private:
  sdk::Status pass_on(const hl_stanza_event& event, std::string_view to);
  bool is_blocked(const hl_stanza_event& event, std::string_view to) const;
  bool may_say_more(hl_session session, const hl_stanza& stanza) const;
  sdk::Status refuse(const hl_stanza_event& event, const Refusal& why) const;
  // What comes to a room's home, or the service's.
  sdk::Status on_room_stanza(std::string_view address, std::uint32_t topic, const hl_stanza& stanza);
  void on_room_iq(std::string_view room, std::string_view nick, const hl_stanza& iq);
  // What comes to a person's home.
  sdk::Status on_person_stanza(std::string_view account, std::uint32_t topic, const hl_stanza& stanza);
  sdk::Status on_bytes(std::string_view account, std::uint32_t topic, std::string_view bytes);

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Clock clock_;
  profile::Photo photo_;
  sdk::Field said_;
  blocking::Blocked blocked_;
  Outgoing outgoing_;
  Rooms rooms_;
  Occupants occupants_;
  Display display_;
  Attendance attendance_;
  Promotions promotions_;
  Talk talk_;
  Administration administration_;
  Ownership ownership_;
  Discovery discovery_;
  Visits visits_;
  std::string service_;
  std::size_t nick_size_max_;
  std::size_t room_size_max_;
  std::size_t message_size_max_;
  std::int64_t messages_per_second_max_;
};

}  // namespace hotline::groups
