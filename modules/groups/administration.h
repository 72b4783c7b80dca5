// Administration: who is what in a room, as its admins and moderators ask and change it (muc#admin, XEP-0045
// 8 and 9); and becoming or ceasing to be a member by oneself (jabber:iq:register, 7.10), at the room's home.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "promotions.h"

namespace hotline::groups {

class Administration {
 public:
  Administration(const hl_host* host, const Rooms& rooms, const Occupants& occupants,
                 const Outgoing& outgoing, const Promotions& promotions);

  void on_admin(const Place& place, const hl_stanza& iq) const;
  void on_register(const Place& place, const hl_stanza& iq) const;

 private:
  struct Change;
  void list(const Place& place, const hl_stanza& iq, const sdk::Element& item) const;
  void change(const Place& place, const hl_stanza& iq, const sdk::Element& query) const;
  std::optional<Refusal> read(const Place& place, const Standing& actor, std::string_view actor_account,
                              const sdk::Element& item, Change& change) const;
  std::optional<Refusal> read_affiliation(const Place& place, const Standing& actor,
                                          std::string_view actor_account, Change& change) const;
  std::optional<Refusal> apply(const Place& place, const Change& change, std::string_view actor_nick) const;
  Standing standing(const Place& place, std::string_view full_address) const;

  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
  const Promotions& promotions_;
};

}  // namespace hotline::groups
