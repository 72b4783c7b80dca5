// PushOutcome: how a push or rollback went, for the one who asked, for the history and for the log.
//
// Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "push/fault.h"

namespace hotline {

struct FaultCounters;  // push/generation.h

struct PushedModule {
  std::string name, from, to, build_id, digest;
  std::string signer;  // Name of the key; empty: not signed.
};
struct PushRefusal {
  std::string file, reason;
};
struct PushStep {
  std::string name;
  double ms = 0;
  std::string detail;  // What there is to say of it; may be empty.
};

struct PushOutcome {
  std::string kind;  // "push", "rollback", "start", "canary", "gate", "disable", "enable"
  std::string
      outcome;  // "live", "refused", "shadow", "canary", "aborted", "closed"; of a "canary" its share.
  std::uint64_t number = 0;
  std::vector<PushedModule> modules;
  std::vector<PushRefusal> refusals;
  std::vector<PushStep> steps;
  std::vector<std::string> notes;
  double took_ms = 0;
  std::uint64_t pause_us = 0;

  // It has not ended: it is in a shadow run or in canary, and goes on by itself.
  bool is_under_way() const { return outcome == "shadow" || outcome == "canary"; }
};

// Who asks, and why: for the history.
struct PushedBy {
  std::string user;
  std::int64_t uid = -1;
  std::int64_t pid = 0;
  std::string reason;
};
// What nobody asked for.
inline PushedBy the_host(std::string reason = {}) {
  return {.user = "hotlined", .uid = -1, .pid = 0, .reason = std::move(reason)};
}

// A generation as it is shown.
struct GenerationReport {
  // state: "current", "disabled" (in its place), "candidate", "previous", "resident", "left", "pinned"
  std::string name, version, build_id, state;
  std::string about, note;
  std::string signer;
  std::uint64_t live_wall_ms = 0;
  std::shared_ptr<FaultCounters> charged;  // nullptr for one that has gone.
};

struct PipelineTotals {
  std::uint64_t pushes = 0, rollbacks = 0, refused = 0, pause_us_last = 0, pause_us_max = 0;
};

}  // namespace hotline
