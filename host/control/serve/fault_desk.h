// FaultDesk: what becomes of a fault after its call has been undone: it is named, logged and recorded, and a
// generation that had too many of them within the window is left.
//
// Shards hand faults over and go on; reading symbols and waiting for the disk is done here. A flood of faults
// fills a bounded queue, and what does not fit is only counted: the counters are the generation's own. The
// history gets one record a generation and second.
//
// Threads: fault() from any; the rest from the control thread; the work is done on a thread of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "push/crash_record.h"
#include "push/fault.h"
#include "push/symbol_archive.h"
#include "shard/work_pool.h"

namespace hotline {

class FaultDesk {
 public:
  struct Settings {
    std::uint64_t window_s = 60;
    std::uint32_t faults_max = 2;  // Within the window: then the generation is left.
  };
  struct Actions {
    // Goes back from that build of the module, if it is still current.
    std::function<void(const Fault& fault, const std::string& reason)> leave;
    // Appends to the history. Waits for the disk.
    std::function<void(const Fault& fault, const std::string& words, std::uint64_t count)> record;
  };
  FaultDesk(Clock& clock, Settings settings, Actions actions);

  void fault(Fault fault);
  // Nothing is done about later ones, and no action is under way any more: before what actions use goes.
  void close();
  // What tainted the process: the first signal it was rescued from. Empty: nothing.
  std::string taint() const;
  // The newest fault of a build, in words; empty: none.
  std::string newest(const std::string& build_id) const;

 private:
  struct Ledger {
    std::deque<std::uint64_t> at_us;  // Of the faults within the window, up to faults_max.
    std::uint64_t recorded_us = 0;
    std::uint64_t unrecorded = 0;
    std::string newest;
  };
  void deal_with(const Fault& fault, std::uint64_t at_us);

  Clock& clock_;
  const Settings settings_;
  const Actions actions_;
  std::mutex acting_;  // Held while a fault is dealt with.
  bool is_closed_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, Ledger> by_build_;
  std::string taint_;
  ThreadWorkPool worker_;  // Last: what it runs uses the rest.
};

// What the last process died of, where and at whose call; `symbols` are those of its modules.
std::string words_of(const Crash& crash, const SymbolArchive& symbols);

}  // namespace hotline
