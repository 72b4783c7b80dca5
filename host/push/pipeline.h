// Pipeline: how code gets in, and out again: verify, preflight, stage, live, retire; and rollback, which is
// only the barrier.
//
//     file -> verify -> tried out -> store -> load -> instances -> [barrier: live on all shards] -> recorded
//     -> oldest retired
//
// A push is refused with a reason before any code ran, or is undone as a whole, or goes through. Nothing of
// the way back needs a file: the last generations stay loaded.
//
// The steps themselves are in push/steps; here is their order, and what happens when one refuses.
//
// Threads: one call at a time, on a thread that may wait for the disk; never a shard's. report() from any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "push/plan.h"
#include "push/steps/steps.h"

namespace hotline {

class Pipeline {
 public:
  using Settings = PushSettings;
  using Progress = std::function<void(const std::string& step, const std::string& detail, double ms)>;

  // Told once, when verify and preflight have passed and nothing has changed yet.
  using Planned = std::function<void(const PushPlan& plan)>;

  Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, Settings settings, RecordPush record);
  ~Pipeline();

  // Brings up the running set of the last time, or, when there is none, the files of `initial`. The error
  // names what could not be brought up; nothing is live then.
  // A module that would come back on the build `guilty`, which killed the last process, comes back on the one
  // before it, if there was one.
  Result<PushOutcome> start(const std::vector<std::string>& initial, const std::string& guilty = {});

  // All files at one barrier, or none of them.
  enum class Older { refused, forced };  // A file older than what is live; forced, it needs a reason.
  PushOutcome push(const std::vector<std::string>& files, const PushedBy& by, const Progress& progress,
                   Older older = Older::refused, const Planned& planned = {});
  // What push() of the same would change, or stops it. Takes the steps that change nothing.
  PushPlan plan(const std::vector<std::string>& files, const PushedBy& by, const Progress& progress,
                Older older = Older::refused);
  // To that version, or with an empty `to` to the one before the current.
  PushOutcome rollback(const std::string& module, const std::string& to, const PushedBy& by);
  // By itself, because of its faults: goes back from that build of the module. Nothing happens, and false is
  // the answer, when it is not current any more or nothing is loaded to go back to.
  bool leave(const std::string& module, const std::string& build_id, const std::string& reason);

  // Keeps a build from being loaded again; what is resident of it stays where it is.
  Result<void> block(const std::string& build_id, const PushedBy& by);
  Blocklist& blocklist() { return world_.blocklist; }

  std::vector<GenerationReport> generations();
  PipelineTotals totals();
  // Takes everything down: after the shards have stopped.
  void close();

 private:
  // Takes the steps of a push until one refuses, then takes back what it had done; or goes through.
  PushOutcome run(PushRun run, const Progress& progress, const Planned& planned);
  bool take_steps(PushRun& run, const Progress& progress, const Planned& planned);
  static PushRun asked(const std::vector<std::string>& files, const PushedBy& by, Older older);
  struct Step {
    const char* name;
    bool (*take)(PushWorld&, PushRun&);
  };
  bool take(const Step& step, PushRun& run, const Progress& progress);
  void settle(PushRun& run);  // It is live: current, and what a restart comes back on.
  // For the totals, and what other threads are told.
  void publish(const PushOutcome& out);

  PushWorld world_;

  std::mutex reports_mutex_;
  std::vector<GenerationReport> reports_;
  PipelineTotals totals_;
};

}  // namespace hotline
