// Pubsub: personal eventing as clients speak it (XEP-0163, the part of XEP-0060 that it takes): an account's
// own nodes, and asking for the items of others.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "audience.h"
#include "items.h"
#include "notices.h"
#include "privacy/words.h"

namespace hotline::profile {

inline constexpr std::string_view ns_pubsub = "http://jabber.org/protocol/pubsub";
inline constexpr std::string_view ns_rsm = "http://jabber.org/protocol/rsm";
inline constexpr std::string_view ns_owner = "http://jabber.org/protocol/pubsub#owner";

class Pubsub {
 public:
  Pubsub(const hl_host* host, const Audience& audience, const Items& items, const Notices& notices);

  // The account's own: a refusal, or what the result has in it.
  std::optional<privacy::Refusal> on_own(std::string_view account, std::string_view type,
                                         const sdk::Element& pubsub, std::string& inner) const;
  // What `asker` may see.
  std::optional<privacy::Refusal> on_asked(std::string_view account, std::string_view asker,
                                           const sdk::Element& pubsub, std::string& inner) const;

 private:
  using Outcome = std::optional<privacy::Refusal>;
  Outcome on_owner(std::string_view account, std::string_view type, const sdk::Element& pubsub,
                   std::string& inner) const;
  Outcome publish(std::string_view account, const sdk::Element& pubsub, std::string& inner) const;
  Outcome retract(std::string_view account, const sdk::Element& retract) const;
  Outcome create(std::string_view account, const sdk::Element& pubsub, std::string& inner) const;
  Outcome items(std::string_view account, Standing standing, const sdk::Element& pubsub,
                std::string& inner) const;
  void write_named(sdk::Xml& xml, std::string_view account, const sdk::Element& wanted,
                   std::uint32_t most) const;
  bool write_latest(sdk::Xml& xml, std::string_view account, std::string_view name, std::string_view after,
                    std::uint32_t most) const;
  Outcome configure(std::string_view account, const sdk::Element& configure) const;
  // The node that a publish goes to: made where there is none, compared with what the publisher expects where
  // there is one.
  Outcome node_for(std::string_view account, std::string_view name, const sdk::Element& options,
                   Node& node) const;

  const Audience& audience_;
  const Items& items_;
  const Notices& notices_;
  sdk::Random random_;
};

}  // namespace hotline::profile
