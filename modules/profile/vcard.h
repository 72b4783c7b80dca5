// VCard: what a user says of themselves to everybody (XEP-0054). It is kept as it comes; of its fields
// avatars.h looks at PHOTO alone.
//
//     table "vcards"   durable, schema 1   key: ""   value: the element
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "audience.h"
#include "privacy/words.h"

namespace hotline::profile {

inline constexpr std::string_view ns_vcard = "vcard-temp";

class VCard {
 public:
  VCard(const hl_host* host, const Audience& audience);

  // Of the account itself: `inner` is what the result has. Nothing when it was done.
  std::optional<privacy::Refusal> on_own(std::string_view account, std::string_view type,
                                         const sdk::Element& card, std::string& inner) const;
  // What `asker` may see of it: a refusal, or `inner`.
  std::optional<privacy::Refusal> on_asked(std::string_view account, std::string_view asker,
                                           std::string& inner) const;
  std::optional<std::string_view> find(std::string_view account) const { return rows_.get(account, ""); }
  // One with nothing in it is none. False: it is too large, or there is no room.
  bool put(std::string_view account, std::string_view card) const;
  void erase_all(std::string_view account) const { rows_.erase(account, ""); }

 private:
  const Audience& audience_;
  sdk::Table rows_;
};

}  // namespace hotline::profile
