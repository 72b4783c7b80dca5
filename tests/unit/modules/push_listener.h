// push_notify as routing and groups see it: keeps for which accounts it heard that something waits.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <vector>

#include "push_notify/topics.h"

namespace hotline::test {

inline std::vector<std::string> woken;

struct PushListener {
  explicit PushListener(const hl_host*) { woken.clear(); }
  static sdk::Status on_post(const hl_post_event& event) {
    if (event.topic == push_notify::topic::waits) woken.emplace_back(sdk::view(event.account));
    return HL_OK;
  }
};
inline constexpr hl_module_entry push_listener = sdk::entry<PushListener>(
    "name push_notify\nversion 1.0.0\nabi 1.0\nabout Listens\naccepts-posts routing\naccepts-posts groups\n");

}  // namespace hotline::test
