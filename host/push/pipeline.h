// Pipeline: how code gets in, and out again: verify, preflight, stage, canary, live, retire; and rollback,
// which is only the barrier.
//
//     file -> verify -> tried out -> store -> load -> instances -> [barrier: copies of live events] ->
//     [barrier: a share of the accounts -> more -> all] -> [barrier: live on all shards, provisional] ->
//     gate closes: what a restart comes back on -> oldest retired
//
// A push is refused with a reason before any code ran, or is undone as a whole, or goes through. Nothing of
// the way back needs a file: the last generations stay loaded.
//
// The steps themselves are in push/steps; here is their order, and what happens when one refuses.
//
// Threads: such as may wait for the disk; never a shard's. push() one at a time, everything else also
// meanwhile: what changes who serves is done under a lock, and a push holds it only for that, so that a
// rollback does not wait for another push to be verified.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "push/canary.h"
#include "push/crash_record.h"
#include "push/plan.h"
#include "push/provisional.h"
#include "push/push_request.h"
#include "push/shadow.h"
#include "push/steps/steps.h"

namespace hotline {

class Pipeline {
 public:
  using Settings = PushSettings;

  Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, const Settings& settings, RecordPush record);
  ~Pipeline();

  // Brings up the running set of the last time, or, when there is none, the files of `initial`. The error
  // names what could not be brought up; nothing is live then.
  // `crash`: how the last process died, if it did. A module that would come back on the build that was being
  // called then comes back in the first of its ways (push/comeback.h) that goes live.
  Result<PushOutcome> start(const std::vector<std::string>& initial, const Crash& crash = {});

  // All files at one barrier, or none of them.
  // With a shadow run or a canary it comes back with the outcome "shadow" or "canary", goes on by tick(), and
  // tells how it ended.
  PushOutcome push(const PushRequest& request, const PushListener& told = {});
  // What push() of the same would change, or stops it. Takes the steps that change nothing.
  PushPlan plan(const PushRequest& request, const PushListener& told = {});
  // To that version, or with an empty `to` to the one before the current.
  // A push that is in a shadow run or in canary is taken back by it first.
  PushOutcome rollback(const std::string& module, const std::string& to, const PushedBy& by);
  // Out of service, and into it again. What a disabled module claims is answered with service-unavailable and
  // stays its own; its code stays loaded, its rows, timers and mailbox entries wait. It survives a restart.
  // A push of the module ends it.
  PushOutcome disable(const std::string& module, const PushedBy& by);
  PushOutcome enable(const std::string& module, const PushedBy& by);
  // By itself, because of its faults: goes back from that build of the module, in canary or current; from the
  // whole push, while that is provisional; and blocks the build. A shard that is stuck in a call only delays
  // these two. Nothing happens, and false is the answer, when it serves nobody any more or nothing is loaded
  // to go back to.
  bool leave(const std::string& module, const std::string& build_id, const std::string& reason);

  // Keeps a build from being loaded again; what is resident of it stays where it is. Where a start of the
  // host needs it, the answer is a warning that says so, and the way out; else empty.
  Result<std::string> block(const std::string& build_id, const PushedBy& by);
  Blocklist& blocklist() { return world_.blocklist; }

  // Looks at the shadow run, at the canary and at the gates that are open, and acts. Whoever has a clock
  // calls it several times a second while is_watching().
  void tick();
  bool is_watching() const { return is_watching_.load(); }
  // For the push that is in canary, the last two also for one in a shadow run. The error: there is none.
  Result<void> pause();
  Result<void> resume();
  // Live now, whatever the gate says; from a shadow run on to what comes after it.
  Result<PushOutcome> promote(const PushedBy& by);
  Result<PushOutcome> abort(const PushedBy& by);
  CanaryReport canary();

  std::vector<GenerationReport> generations();
  PipelineTotals totals();
  // Takes everything down: after the shards have stopped.
  void close();

 private:
  using Step = bool (*)(PushWorld&, PushRun&);
  // Takes the steps of a push until one refuses, then takes back what it had done; or goes through.
  PushOutcome run(PushRun run, const CanaryPlan& plan, const PushListener& told);
  bool is_ready(PushRun& run, const PushListener& told);  // All steps before anybody is served.
  PushPlan plan_now(const PushRun& run);
  bool take_step(const char* name, Step step, PushRun& run, const PushListener& told);
  PushOutcome refuse(PushRun& run, const char* outcome = "refused");
  PushOutcome refuse(PushRun& run, const std::string& what, const std::string& reason);
  // The rest runs under mutex_. What is staged to its canary or live.
  PushOutcome go_on(PushRun run, const CanaryPlan& plan, const PushListener& told);
  // To the end of a push that may go live.
  PushOutcome finish(PushRun& run, const CanaryPlan& plan, const PushListener& told);
  bool goes_live(PushRun& run, const CanaryPlan& plan, const PushListener& told);
  PushOutcome gone_live(PushRun& run, const CanaryPlan& plan, const PushListener& told);
  void settle(PushRun& run, const CanaryPlan& plan);
  bool go_back_from(const std::string& module, const std::string& build_id, const std::string& reason);
  std::string needed_at_start(const std::string& build_id);  // pipeline_block.cpp
  Result<void> add_to_blocklist(const std::string& build_id, const std::string& reason, const std::string& by,
                                bool was_left);
  // Where a rollback leads, among what is loaded of the module; the error says why nowhere.
  Result<std::size_t> target_of_rollback(const std::string& module, const std::string& to);
  PushOutcome roll_back(const std::string& module, const std::string& to, PushRun run);
  std::uint64_t mono_ms() const { return world_.clock.mono_us() / 1000; }
  double ms_since(std::uint64_t us) const {
    return static_cast<double>(world_.clock.mono_us() - us) / 1000.0;
  }
  // For the totals, and what other threads are told.
  void publish(const PushOutcome& out);

  // pipeline_start.cpp
  Result<PushOutcome> start_with(const std::vector<RunningModule>& set,
                                 const std::vector<std::string>& initial);
  bool writes_newer(const StoredBuild& its, const StoredBuild& other) const;

  // pipeline_disable.cpp
  enum class Service { on, off };
  PushOutcome set_service(const std::string& module, Service service, const PushedBy& by);
  static std::string disabled_hint(const std::string& module);

  // The push that serves nobody or only some yet; nullptr: none.
  PushRun* under_way();
  std::vector<PushedModule> modules_under_way() const;
  // Why no other may begin; empty: none is under way.
  std::string is_taken() const;
  PushOutcome take_back(const std::string& why, LiveTarget::UnderWay under_way);

  // pipeline_shadow.cpp
  PushOutcome begin_shadow(PushRun run, const CanaryPlan& plan, const PushListener& told);
  bool serve_shadow(PushOutcome& out);
  void look_at_shadow();
  PushOutcome end_shadow();
  PushOutcome take_back_shadow(const char* outcome, const std::string& why);
  // pipeline_canary.cpp
  // Candidates beside what is current. False: `out` says why not.
  bool serve_beside(const LiveTarget::Serving& serving, PushOutcome& out);
  PushOutcome begin_canary(PushRun run, const CanaryPlan& plan, const PushListener& told);
  Result<LiveTarget::Serving> canary_serving() const;
  bool serve_canary(PushOutcome& out);
  void look_at_canary();
  // Where the shards do not come together both leave the canary as it is, and say so with "refused". The
  // first is tried again at the next look, or by who asked; the second has been decided, and is at each tick.
  PushOutcome promote_canary();
  void record_promotion(const PushedBy& by);
  PushOutcome take_back_canary(const std::string& why, LiveTarget::UnderWay under_way);
  PushOutcome canary_stays(const std::string& why);
  void retire_leaving(bool at_once);
  // pipeline_gate.cpp
  void open_gate(PushRun& run, std::uint64_t gate_ms);
  void look_at_gates();
  void close_gate(const Provisional& gate);
  // From the push of gates_[at]. True: it has, or will when the shards come together; then the gate stays,
  // and does it at the next tick.
  bool go_back(std::size_t at, const std::string& why, bool has_faulted);
  void forget_gates(const std::string& module);
  bool has_gates_beside(const std::string& module) const;  // Once those of the module are forgotten.
  void record_settled(PushRun& run, const std::string& module);
  void stop_measuring();

  PushWorld world_;

  std::mutex mutex_;
  std::uint64_t epoch_ = 0;         // Grows when what is current changes.
  std::unique_ptr<Shadow> shadow_;  // At most one of these two.
  std::unique_ptr<Canary> canary_;
  std::vector<Provisional> gates_;  // Oldest first.
  struct Leaving {
    std::unique_ptr<Generation> generation;
    std::uint64_t since_us;
  };
  std::vector<Leaving> leaving_;  // Of a push that was taken back: they end what they began.
  std::atomic<bool> is_watching_{false};

  std::mutex reports_mutex_;
  std::vector<GenerationReport> reports_;
  PipelineTotals totals_;
};

}  // namespace hotline
