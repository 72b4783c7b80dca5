// What else the manual's cookbook shows: a capability that a module can do without, a key of the
// configuration, and words between generations and modules. cookbook_test.cpp runs it on the fake host.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace cookbook {

inline constexpr const char* polls_manifest =
    "name polls\nversion 1.1.0\nabi 1.0\n"
    // [new_capability_manifest]
    "needs hotline.table/1\n"
    "wants hotline.timer/1\n"
    // [end]
    "needs hotline.session/1\n"
    "needs hotline.config/1\n"
    "table polls durable writes 1 reads 1\n"
    // [new_route_manifest]
    "route iq urn:example:polls domain\n"
    "feature urn:example:polls\n"
    // [end]
    // [as_one_manifest]
    "accepts-posts presence\n"
    // [end]
    ;

class Polls {
 public:
  // [new_capability]
  explicit Polls(const hl_host* host)
      : sessions_(host),
        rows_(hotline::sdk::Tables(host).open("polls")),
        timers_(hotline::sdk::Timers::wanted(host)),  // Nothing where the host has none.
        // [end]
        // [new_key]
        votes_max_(hotline::sdk::Config(host).number("votes_max", 100)) {}
  // [end]

  hotline::sdk::Status on_stanza(const hl_stanza_event& event) {
    const std::string_view account = hotline::sdk::view(event.account);
    if (rows_.count(account) >= static_cast<std::uint64_t>(votes_max_)) {
      sessions_.send(event.session, hotline::sdk::stanza_error(*event.stanza, "wait", "resource-constraint"));
      return HL_OK;
    }
    if (rows_.put(account, "vote", "1") != HL_OK) return HL_E_NONE;
    if (timers_ && timers_->set(account, "close", 60'000) != HL_OK) return HL_E_NONE;
    sessions_.send(event.session, hotline::sdk::iq_result(*event.stanza));
    return HL_OK;
  }

  // [as_one]
  // A topic's number never changes its meaning. One that this generation does not know was posted by a newer
  // one before a rollback, and is passed over.
  hotline::sdk::Status on_post(const hl_post_event& event) {
    constexpr std::uint32_t account_is_gone = 2;
    if (event.topic == account_is_gone) rows_.erase(hotline::sdk::view(event.account), "vote");
    return HL_OK;
  }
  // [end]

 private:
  hotline::sdk::Sessions sessions_;
  hotline::sdk::Table rows_;
  std::optional<hotline::sdk::Timers> timers_;
  std::int64_t votes_max_;
};

}  // namespace cookbook
