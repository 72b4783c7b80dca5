// Observer: what the host tells of itself: reads the shards' counters once a second, raises and clears
// alarms, and makes the reports that the control socket gives.
//
// Threads: the control thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/protocol.h"
#include "control/serve/fault_desk.h"
#include "control/serve/rates.h"
#include "dispatch/host_threads.h"
#include "dispatch/quarantine.h"
#include "push/pipeline.h"
#include "state/store.h"

namespace hotline {

class Observer {
 public:
  struct Facts {
    std::string version, domain, state_dir;
    std::vector<ListenReport> listen;
    std::uint64_t queue_alarm =
        500'000;  // Entries in one inbox (the threshold WhatsApp used for a node's queues).
  };
  struct Parts {
    HostThreads* threads;
    Pipeline* pipeline;
    Store* store;
    TlsContext* tls;
    Clock* clock;
    const FaultDesk* faults;
    const Quarantine* quarantine;
  };
  Observer(const Parts& parts, Facts facts);

  void tick();  // Once a second.
  // `done` is called on any thread.
  void status(std::function<void(StatusReport)> done);
  void modules(std::function<void(ModulesReport)> done);

  static TlsReport tls_report(const TlsContext& tls);

 private:
  using ModuleCounts = std::map<std::string, std::int64_t>;  // By name.
  std::uint64_t sum(Counter ShardCounters::*counter) const;
  std::string taint() const;
  StatusReport basic_status();
  void alarm(const std::string& name, bool is_raised, const std::string& message);
  // By module, whatever its generation.
  void gather(std::function<void(std::map<std::string, ModuleCounts>)> done);
  std::vector<ModuleReport> module_reports(const std::map<std::string, ModuleCounts>& counters,
                                           bool only_current);

  HostThreads& threads_;
  Host& host_;
  Pipeline& pipeline_;
  Store& store_;
  TlsContext& tls_;
  Clock& clock_;
  const FaultDesk& faults_;
  const Quarantine& quarantine_;
  const Facts facts_;
  const std::uint64_t started_us_;
  DecayingRate stanzas_in_, stanzas_out_;
  std::vector<double> busy_;
  std::vector<std::uint64_t> inbox_longest_;
  std::map<std::string, AlarmReport> alarms_;
};

}  // namespace hotline
