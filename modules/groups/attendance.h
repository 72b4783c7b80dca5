// Attendance: entering a room, being in it and leaving it (XEP-0045 7.1, 7.2, 7.6, 7.7, 7.14, 10.1, 10.9), at
// the room's home.
//
// A room is made by the first who enters it. Whose account has as many rooms as it may is known at that
// person's home: the presence goes back there and comes again, counted (topic::may_create, topic::create).
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "display.h"
#include "occupants.h"
#include "outgoing.h"
#include "rooms.h"

namespace hotline::groups {

class Attendance {
 public:
  Attendance(const hl_host* host, const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing,
             const Display& display);

  // A presence to the room or, with a nick, into it.
  void on_presence(std::string_view room, std::string_view nick, const hl_stanza& presence) const;
  // One that makes the room; its sender's home has counted it.
  void create(std::string_view room, std::string_view nick, const hl_stanza& presence) const;
  // A session is gone without a word.
  void session_gone(std::string_view room, std::string_view full_address) const;
  // Somebody has to leave; what is said of it is in `notice`.
  void expel(const Place& place, std::string_view nick, const Occupant& occupant, Affiliation affiliation,
             const Notice& notice) const;
  // The room is no more. `destroy`: XML for those who are in it.
  void close(const Place& place, std::string_view destroy) const;
  // A room that is not persistent, or was never configured, goes with its last occupant.
  void close_if_empty(const Place& place) const;
  // In, or no longer in, the service's list of public rooms.
  void list(const Place& place) const;

 private:
  struct Arrival;
  std::optional<Refusal> refusal(const Arrival& arrival, const Settings& settings,
                                 const Affiliate& affiliate) const;
  // Nobody is anything in the room any more, and nothing of it is left.
  void erase(std::string_view room) const;
  void enter(const Arrival& arrival, const Settings& settings, Affiliate affiliate, bool is_new_room) const;
  void leave(std::string_view room, std::string_view full_address) const;
  void update(const Place& place, std::string_view nick, const hl_stanza& presence) const;
  void rename(const Place& place, std::string_view from_nick, std::string_view to_nick,
              const hl_stanza& presence) const;
  bool is_taken(std::string_view room, std::string_view nick, std::string_view account) const;
  // What is inside a presence and not the room's to say. Nothing: too much.
  std::optional<std::string> content(const hl_stanza& presence) const;
  std::string occupant_id(const Settings& settings, std::string_view account) const;

  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
  const Display& display_;
  std::string service_;
  std::int64_t occupants_max_;
};

}  // namespace hotline::groups
