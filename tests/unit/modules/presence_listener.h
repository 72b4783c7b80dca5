// presence as profile sees it: counts how often each account's picture was said to be another. Who begins to
// count clears it.
#pragma once

#include <hotline/sdk.hpp>
#include <map>
#include <string>

#include "presence/words.h"

namespace hotline::test {

inline std::map<std::string, int> changed_avatars;

struct PresenceListener {
  explicit PresenceListener(const hl_host*) {}
  static sdk::Status on_post(const hl_post_event& event) {
    if (event.topic == presence::topic::avatar_changed)
      ++changed_avatars[std::string(sdk::view(event.account))];
    return HL_OK;
  }
};
inline constexpr hl_module_entry presence_listener = sdk::entry<PresenceListener>(
    "name presence\nversion 1.0.0\nabi 1.0\nabout Listens\naccepts-posts profile\n");

}  // namespace hotline::test
