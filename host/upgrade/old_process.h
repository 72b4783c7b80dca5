// OldProcess: this process gives everything it serves to a new one, which it has started, and ends.
//
// The order of things is Giving's; here they are done: messages, sockets, partitions, the store.
//
// Threads: the control thread's, but for `heard` and `ended` of the channel, which bring what they hear
// there.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dispatch/host_threads.h"
#include "push/fault_point.h"
#include "push/outcome.h"
#include "shard/work_pool.h"
#include "upgrade/core_store.h"
#include "upgrade/far_host.h"
#include "upgrade/giving.h"
#include "upgrade/partition_traffic.h"
#include "upgrade/program_run.h"

namespace hotline {

class OldProcess {
 public:
  struct Parts {
    HostThreads* threads;
    CoreStore* store;
    TlsContext* tls;
    Clock* clock;
    Random* random;
    WorkPool* waits;  // For what waits for the disk.
    FaultPoint fault_point;
    std::function<void(std::function<void()>)> to_control;
    std::function<void(std::function<void()>)> to_control_soon;  // In a millisecond or so.
    // What goes on outside of the shards and does not wait there (passwords, gateways) has ended, and whoever
    // asked for it was told. What waits to be tried again is given up; with `is_late` all that waits.
    std::function<bool(bool is_late)> is_outside_done;
    // The control socket and the lock of the state directory; duplicates.
    std::function<Channel::Descriptors()> give_own_doors;
    std::function<void(Channel::Descriptors)> take_own_doors;
    // How far it is: a step that has ended.
    std::function<void(const std::string& step, const std::string& detail, double ms)> progress;
    // What StoreClosed gives B to record; `ms` as far as it is known.
    std::function<std::string(const std::vector<PushStep>& steps, std::uint64_t pause_us)> record;
    // All is given: end in order. Or it failed, and `why`: it serves all as before; with `is_lost`,
    // partitions were lost with the new process and the host has to start anew from its store.
    std::function<void()> given;
    std::function<void(const std::string& why, bool is_lost)> failed;
  };

  OldProcess(Parts parts, upgrade::Offer offer, std::uint32_t version, Descriptor socket, ProgramRun program);
  ~OldProcess();
  OldProcess(const OldProcess&) = delete;
  OldProcess& operator=(const OldProcess&) = delete;

  void begin();
  // The operator stays. False: it is too late, the new process is about to write the store.
  bool go_back(const std::string& why);
  // It has failed: no shard of this process uses it any more once `left` is called, on some shard's thread.
  // Then it may end.
  void leave(std::function<void()> left);
  // Several times a second: a process that says nothing for too long is given up.
  void look();
  // A batch of B's is on disk. The store's thread.
  void far_committed(std::uint32_t far_shard, std::uint64_t number);

  const std::vector<PushStep>& steps() const { return steps_; }
  // Of each partition that went, that nobody served it; of all of them shortest first.
  const std::vector<std::uint64_t>& pauses_us() const { return pauses_us_; }
  std::uint64_t pause_us_max() const;
  pid_t new_pid() const { return new_pid_; }

 private:
  using Deeds = upgrade::Deeds;
  void heard(upgrade::Message message, Channel::Descriptors descriptors);  // The hearing thread.
  void act_on(const upgrade::Message& message);
  void run(const Deeds& deeds);
  void run(const upgrade::Deed& deed);
  void hand_doors();
  void send_doors();
  void take_doors_back();
  void close_store();
  void await_no_debts();
  void close_file();
  void end_step(const char* name, std::string detail);
  void note_serves(const upgrade::Serves& serves);

  const Parts parts_;
  upgrade::Giving giving_;
  ProgramRun run_;
  const pid_t new_pid_;
  const std::shared_ptr<Channel> channel_;  // Answers of the store may still be on their way to it.
  FarHost far_;
  PartitionTraffic traffic_;
  std::string batch_;  // Of B's, so far. The hearing thread's.
  std::vector<PushStep> steps_;
  std::uint64_t step_us_ = 0;
  std::uint64_t heard_us_ = 0;  // When something was last heard or done.
  std::vector<std::uint64_t> pauses_us_;
  bool has_given_doors_ = false;
  std::uint64_t owes_until_us_ = 0;  // 0: nobody is waited for.
  // Outlives it in what was brought to the control thread and has not run.
  std::shared_ptr<bool> is_there_ = std::make_shared<bool>(true);
};

}  // namespace hotline
