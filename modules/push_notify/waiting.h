// Waiting: the word to push_notify that something was put into an account's mailbox, from whoever put it
// there: routing, and groups for their copies. At the account's home.
//
// It costs an account without devices one look at its rows, and one with devices a second look: a word is
// posted only when no timer runs for the account yet, which is once in `wait_seconds` at the most. Rows that
// cannot be read are passed over, so that nothing of push_notify's can be in a message's way; where it is not
// loaded, nobody is told.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "push_notify/device_row.h"
#include "push_notify/topics.h"
#include "push_notify/watch_row.h"

namespace hotline::push_notify {

class Waiting {
 public:
  explicit Waiting(const hl_host* host)
      : posts_(host),
        devices_(sdk::Tables(host).open(device_table)),
        watch_(sdk::Tables(host).open(watch_table)) {}

  void tell(std::string_view account) const {
    if (devices_.count(account) == 0) return;
    const std::optional<sdk::Row> watch = watch_.next(account, {});
    if (watch && watch->value.starts_with(WatchRow::with_timer)) return;
    // A word that finds no room is made good by the next message.
    static_cast<void>(posts_.to_module("push_notify", account, topic::waits, ""));
  }

 private:
  sdk::Posts posts_;
  sdk::Table devices_;
  sdk::Table watch_;
};

}  // namespace hotline::push_notify
