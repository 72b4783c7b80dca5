// Sweep: what is too old goes, also where nobody has archived or asked for anything since. One timer a shard,
// which looks at its accounts in slices, and an hour later again. It is set by the first event that archive
// has on the shard, because timers do not outlive the host.
//
//     table "archive_state"   volatile, schema 1   key: "sweep"   value: none   a timer runs
//
// The row and the timer are of an account that is none: the first of sweep-0, sweep-1, … whose home is here.
#pragma once

#include <hotline/sdk.hpp>
#include <string>

#include "history.h"

namespace hotline::archive {

class Sweep {
 public:
  Sweep(const hl_host* host, const History& history);

  // Where none runs yet.
  void begin() const;
  void on_timer(const hl_timer_event& event) const;

 private:
  std::string own_account() const;
  void go_on(const std::string& own, std::uint64_t delay_ms, std::string_view from) const;
  std::uint64_t pause_ms() const;

  sdk::Timers timers_;
  sdk::Config config_;
  sdk::Table state_;
  const History& history_;
};

}  // namespace hotline::archive
