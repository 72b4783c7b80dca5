// Pipeline: how code gets in, and out again: verify, stage, live, retire; and rollback, which is only the
// barrier.
//
//     file -> verify -> store -> load -> instances -> [barrier: live on all shards] -> recorded -> oldest
//     retired
//
// A push is refused with a reason before any code ran, or is undone as a whole, or goes through. Nothing of
// the way back needs a file: the last generations stay loaded.
//
// Threads: one call at a time, on a thread that may wait for the disk; never a shard's. report() from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "push/module_store.h"
#include "push/slot.h"
#include "push/unmap.h"
#include "push/verify.h"

namespace hotline {

// What the pipeline puts code into: the shards.
class LiveTarget {
 public:
  // A module's part in a live set.
  struct Part {
    const Generation* generation = nullptr;
    const Generation* newer = nullptr;  // Resident, and may have written rows that `generation` cannot read.
  };
  struct Outcome {
    bool is_live = false;
    std::uint64_t pause_us_max = 0;  // The longest any shard stood still.
    std::uint32_t attempts = 0;
  };

  virtual ~LiveTarget() = default;
  virtual std::vector<std::string> capabilities() const = 0;
  virtual std::vector<StoredTable> stored_tables() = 0;
  // Makes the instances of a generation that serves nothing yet; undoes it after it has ceased to.
  virtual Result<void> stage(Generation& generation) = 0;
  virtual Result<void> unstage(Generation& generation) = 0;
  // Makes this the live set of all shards at one barrier.
  virtual Outcome go_live(std::span<const Part> set, std::shared_ptr<const class RouteTable> routes) = 0;
};

struct PushedModule {
  std::string name, from, to, build_id, digest;
};
struct PushRefusal {
  std::string file, reason;
};
struct PushStep {
  std::string name;
  double ms = 0;
};

struct PushOutcome {
  std::string kind;     // "push", "rollback", "start"
  std::string outcome;  // "live", "refused"
  std::uint64_t number = 0;
  std::vector<PushedModule> modules;
  std::vector<PushRefusal> refusals;
  std::vector<PushStep> steps;
  std::vector<std::string> notes;
  double took_ms = 0;
  std::uint64_t pause_us = 0;
};

// Who asks, and why: for the history.
struct PushedBy {
  std::string user;
  std::int64_t uid = -1;
  std::int64_t pid = 0;
  std::string reason;
};

// A generation as it is shown.
struct GenerationReport {
  std::string name, version, build_id, state;  // "current", "previous", "resident", "pinned"
  std::string about, note;
  std::uint64_t live_wall_ms = 0;
};

struct PipelineTotals {
  std::uint64_t pushes = 0, rollbacks = 0, refused = 0, pause_us_last = 0, pause_us_max = 0;
};

class Pipeline {
 public:
  struct Settings {
    std::size_t keep_generations = 3;
    std::uint64_t barrier_deadline_us = 5'000'000;
    std::uint64_t hold_range_ms = 60'000;  // How long the addresses of unloaded code stay unusable.
  };
  using Progress = std::function<void(const std::string& step, const std::string& detail, double ms)>;
  // Appends to the history; the record's number. Waits for the disk.
  using Record = std::function<Result<std::uint64_t>(const std::string& kind, const std::string& json)>;

  Pipeline(LiveTarget& target, ModuleStore store, Clock& clock, Settings settings, Record record);
  ~Pipeline();

  // Brings up the running set of the last time, or, when there is none, the files of `initial`. The error
  // names what could not be brought up; nothing is live then.
  Result<PushOutcome> start(const std::vector<std::string>& initial);

  // All files at one barrier, or none of them.
  PushOutcome push(const std::vector<std::string>& files, const PushedBy& by, const Progress& progress);
  // To that version, or with an empty `to` to the one before the current.
  PushOutcome rollback(const std::string& module, const std::string& to, const PushedBy& by);

  std::vector<GenerationReport> generations();
  PipelineTotals totals();
  // Takes everything down: after the shards have stopped.
  void close();

 private:
  struct Candidate;

  Slot& slot(const std::string& name);
  Slot* find(const std::string& name);
  std::vector<LiveTarget::Part> parts(const std::vector<Candidate>& candidates) const;
  // Each of these leaves what was running when it fails, and says why in `out.refusals`.
  bool verify_all(std::vector<Candidate>& candidates, PushOutcome& out);
  bool stage_all(std::vector<Candidate>& candidates, PushOutcome& out);
  bool go_live(std::vector<Candidate>& candidates, PushOutcome& out);
  void keep(std::vector<Candidate>& candidates);
  void record_running(PushOutcome& out);
  void record(PushOutcome& out, const PushedBy& by);
  void retire(PushOutcome& out);
  void retire_one(std::unique_ptr<Generation> generation, PushOutcome& out);
  PushOutcome run(std::vector<Candidate> candidates, const std::string& kind, const PushedBy& by,
                  const Progress& progress);
  void refresh_reports();

  LiveTarget& target_;
  ModuleStore store_;
  Clock& clock_;
  const Settings settings_;
  const Record record_;
  HeldRanges held_;
  std::vector<std::unique_ptr<Slot>> slots_;

  std::mutex reports_mutex_;
  std::vector<GenerationReport> reports_;
  std::vector<GenerationReport> pinned_;
  PipelineTotals totals_;
};

}  // namespace hotline
