// PushPlan: what a push would change, and whether it can be done without a restart; said before anything
// changes.
//
// Made from what verify has found out, and from preflight where that has been taken. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "push/outcome.h"

namespace hotline {

struct PushWorld;
struct PushRun;

// A table whose rows change their schema.
struct PlannedTable {
  std::string name;
  std::uint32_t from = 0;  // 0: it is new.
  std::uint32_t to = 0;
  // "up and down proved on 200 live rows", "read by both versions as it is", "convert is missing",
  // "convert refuses 9 of 9 sampled rows"
  std::string way;
};

struct PlannedKey {
  std::string name;     // Below `modules.<name>` in the configuration.
  bool is_set = false;  // By this host's configuration; else the module has its default.
  bool is_read = true;  // False: it never asked for it in preflight.
};

struct PlannedModule {
  std::string file, name, from, to, build_id, signer;
  // "new module", "code only", or steps: "schema step", "ABI step 1.0 -> 1.1", joined by ", "; "needs a newer
  // host" where no push can do it.
  std::string kind;
  std::vector<std::string> gained, lost;          // Claims: "iq jabber:iq:roster self", "command user.add".
  std::vector<std::string> needs, needs_no_more;  // Capabilities.
  std::vector<PlannedTable> tables;
  std::vector<PlannedKey> config;
};

struct PushPlan {
  std::vector<PlannedModule> modules;
  std::vector<PushRefusal> blockers;
  std::vector<std::string> notes;
  bool is_hot = false;         // It can go live without a restart.
  std::uint64_t barriers = 0;  // So many were there lately,
  std::uint64_t pause_us = 0;  // and the longest made a shard wait so long: what is to be expected.
};

PushPlan plan_of(const PushWorld& world, const PushRun& run);

}  // namespace hotline
