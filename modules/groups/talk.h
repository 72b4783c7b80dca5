// Talk: what is said in a room (XEP-0045 7.4, 7.5, 7.8, 8.1), at the room's home.
//
// A message to all is composed and parsed once, and goes to the homes of all as one stanza: a copy that is
// kept for who stays (topic::copy), one that is not for the others (topic::live). The sender's
// acknowledgement waits for every copy.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "occupants.h"
#include "outgoing.h"
#include "promotions.h"
#include "rooms.h"

namespace hotline::groups {

class Talk {
 public:
  Talk(const hl_host* host, const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing,
       const Promotions& promotions);

  void on_message(std::string_view room, std::string_view nick, const hl_stanza& message) const;
  // Words of the room itself: its settings have changed (10.2.1).
  void announce(std::string_view room, const std::vector<int>& statuses) const;

 private:
  struct Speaker;
  void say(const Place& place, const hl_stanza& message) const;
  void whisper(const Place& place, std::string_view nick, const hl_stanza& message) const;
  sdk::Status set_subject(const Place& place, const Speaker& speaker, std::string_view subject) const;
  void invite(const Place& place, const sdk::Element& wish, const hl_stanza& message) const;
  void decline(const Place& place, const sdk::Element& wish, const hl_stanza& message) const;
  std::optional<Refusal> invite_one(const Place& place, const sdk::Element& invite,
                                    const hl_stanza& message) const;
  std::optional<Speaker> speaker(const Place& place, const hl_stanza& message) const;
  std::string composed(const Place& place, const Speaker& speaker, const hl_stanza& message,
                       std::string_view more) const;
  bool is_worth_keeping(const hl_stanza& message) const;
  sdk::Status spread(std::string_view room, std::string_view xml, bool is_kept) const;

  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Clock clock_;
  sdk::Config config_;
  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
  const Promotions& promotions_;
};

}  // namespace hotline::groups
