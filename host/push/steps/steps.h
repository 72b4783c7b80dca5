// The steps of a push, in the order in which they are taken; each in a file of its own name.
//
//     verify  ->  preflight  ->  stage  ->  [shadow]  ->  [canary]  ->  live  ->  record  ->  retire
//
// A start takes `restore` first.
//
// A step up to live either does its part or says in `run.out.refusals` why not, and then what was running is
// untouched: the pipeline takes back what the steps before it have staged. After live nothing refuses any
// more, it only notes.
//
// [pipeline's thread]
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "push/blocklist.h"
#include "push/candidate.h"
#include "push/fault_point.h"
#include "push/gate.h"
#include "push/live_target.h"
#include "push/module_store.h"
#include "push/outcome.h"
#include "push/preflight_child.h"
#include "push/slot.h"
#include "push/symbol_archive.h"
#include "push/trust.h"
#include "push/unmap.h"

namespace hotline {

struct PreflightSettings {
  bool is_on = true;
  std::string program;                     // Empty: hotline-preflight beside this process's own program.
  std::uint64_t deadline_ms = 10'000;      // For one file.
  std::uint64_t output_bytes = 4'194'304;  // What one event may write to clients.
};

struct PushSettings {
  std::size_t keep_generations = 3;
  std::size_t keep_symbols = 100;  // Builds whose files are kept by build id.
  std::uint64_t barrier_deadline_us = 5'000'000;
  bool require_signature = false;
  bool allow_development_key = true;
  std::uint64_t gate_ms = 0;  // How long a push is provisional.
  GateLimits gate;
  std::uint64_t arena_bytes_max = std::uint64_t{1} << 30;  // Of one generation.
  std::uint64_t hold_range_ms = 60'000;  // How long the addresses of unloaded code stay unusable.
  PreflightSettings preflight = {};
  FaultPoint fault_point = {};  // For crash tests.
};

// Appends to the history; the record's number. Waits for the disk.
using RecordPush = std::function<Result<std::uint64_t>(const std::string& kind, const std::string& json)>;

// What outlives a push, and every step may use.
struct PushWorld {
  LiveTarget& target;
  TrustStore trust;
  Blocklist blocklist;
  SymbolArchive symbols;
  ModuleStore store;
  Clock& clock;
  const PushSettings settings;
  const RecordPush record;
  const Result<PreflightProgram> preflight_program;
  HeldRanges held;
  Slots slots;
  std::vector<GenerationReport> pinned;  // Retired, and still mapped.
  std::deque<std::uint64_t> pauses_us;   // Of the last barriers that shards with clients stood at.
};

// One push or rollback on its way.
struct PushRun {
  std::vector<Candidate> candidates = {};  // None for a rollback.
  std::vector<Candidate> beside = {};      // At a start, what was loaded beside them, in that order.
  PushedBy by;
  bool may_be_older = false;  // --force: than what is live.
  PushOutcome out = {};
  std::string detail = {};  // What the step that is being taken has to say of itself.
  // Of the barrier: what becomes of events under way, whether somebody waits to be rid of what serves, and
  // whether all calls are measured from then on.
  LiveTarget::UnderWay under_way = LiveTarget::UnderWay::ends_where_it_began;
  LiveTarget::Haste haste = LiveTarget::Haste::ordinary;
  bool is_judged = false;
  // The barrier: the shards did not come together. What was asked can be tried again.
  bool has_missed = false;
  std::uint64_t begun_us = 0;
};

// verify.cpp: reads the files, asks verify() about each in the set it would live in.
bool verify_step(PushWorld& world, PushRun& run);
// What every file of a push is verified against. False: something of it cannot be read, and is refused.
bool read_policy(PushWorld& world, PushRun& run, VerifyPolicy& policy);
// restore.cpp: at a start, verifies and stages what was loaded beside the current generations: the way back,
// and the code that converts rows they wrote. What cannot be brought back is noted and left out.
bool restore_step(PushWorld& world, PushRun& run);
// preflight.cpp: tries each file out in a process of its own.
bool preflight_step(PushWorld& world, PushRun& run);
// stage.cpp: stores, loads, and makes instances.
bool stage_step(PushWorld& world, PushRun& run);
bool stage_candidate(PushWorld& world, Candidate& candidate, PushOutcome& out);
// live.cpp: the candidates beside the current generations of the other slots, at one barrier.
bool live_step(PushWorld& world, PushRun& run);
// What would serve with the candidates in their slots; `beside` as in PushRun. The error: their routes clash.
Result<LiveTarget::ServedSet> served_set(const PushWorld& world, const std::vector<Candidate>& candidates,
                                         const std::vector<Candidate>& beside);
std::string no_barrier(
    const PushSettings& settings);  // Why it was refused: the shards did not come together.
// record.cpp: what a restart comes back on; the history and the log.
RunningModule running_module(const PushWorld& world,
                             const Slot& slot);  // Its current one and the one before.
void record_running_set(PushWorld& world, PushRun& run);
// Before a canary serves: those of its builds that write a newer schema than what is current reads. Their
// rows are on disk from the first touch on, and a restart needs their code to read them.
Result<void> record_converters(PushWorld& world, const PushRun& run);
// The canary did not come about: none of them has written anything.
void forget_converters(PushWorld& world, const PushRun& run);
void record_outcome(PushWorld& world, PushRun& run);
// retire.cpp: destroys and unloads what the slots need no longer, and its files.
void retire_step(PushWorld& world, PushRun& run);
void retire_generation(PushWorld& world, std::unique_ptr<Generation> generation, PushOutcome& out);

}  // namespace hotline
