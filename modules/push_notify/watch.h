// Watch: for how long something has waited for an account with devices, and what its devices are told.
//
//     nothing    waits   a timer of wait_seconds
//     the timer  fires   nothing waits any more: forgotten. What waits is younger than that: again, for the
//                        rest. Else all devices are told, once for all that waits.
//     told       waits   something was accepted meanwhile: as if nothing had been told. Else another timer,
//                        of repeat_seconds since it was told at the least, and told again if there is more.
//
// The row (watch_row.h) outlives pushes, and so does the timer; neither outlives the host: what had waited
// when it stopped is told with the next message.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "push_notify/devices.h"
#include "push_notify/watch_row.h"

namespace hotline::push_notify {

class Watch {
 public:
  Watch(const hl_host* host, const Devices& devices);

  // Something was put into the account's mailbox.
  void waits(std::string_view account) const;
  void on_timer(std::string_view account) const;
  // What the gateway made of a notification.
  void on_outcome(const hl_work_event& event) const;
  void forget(std::string_view account) const;

 private:
  WatchRow read(std::string_view account) const;
  void look_later(std::string_view account, std::uint64_t delay_ms, const std::optional<Told>& told) const;
  void notify(std::string_view account, const sdk::Mailboxes::Oldest& oldest, std::uint64_t count) const;
  std::uint64_t wait_ms() const;
  std::uint64_t repeat_ms() const;

  sdk::Mailboxes mailboxes_;
  sdk::Timers timers_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Outbox outbox_;
  sdk::Log log_;
  sdk::Table rows_;
  sdk::Counter sent_, taken_, dropped_, refused_, lost_;
  const Devices& devices_;
};

}  // namespace hotline::push_notify
