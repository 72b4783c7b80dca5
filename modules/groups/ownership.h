// Ownership: a room's settings, and its end (muc#owner, XEP-0045 10.1, 10.2, 10.9), at the room's home.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "promotions.h"
#include "talk.h"

namespace hotline::groups {

class Ownership {
 public:
  Ownership(const hl_host* host, const Rooms& rooms, const Outgoing& outgoing, const Attendance& attendance,
            const Promotions& promotions, const Talk& talk);

  void on_iq(const Place& place, const hl_stanza& iq) const;

 private:
  void submit(const Place& place, const hl_stanza& iq, const sdk::Element& form) const;
  void destroy(const Place& place, const hl_stanza& iq, const sdk::Element& wish) const;

  sdk::Stanzas stanzas_;
  const Rooms& rooms_;
  const Outgoing& outgoing_;
  const Attendance& attendance_;
  const Promotions& promotions_;
  const Talk& talk_;
  std::int64_t occupants_max_;
};

}  // namespace hotline::groups
