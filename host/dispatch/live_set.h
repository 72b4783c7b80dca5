// LiveSet: the modules that a shard calls.
//
// A serving set is one module of each name, with the routes between them. An event is handled by one serving
// set from start to end: what it posts carries the set's number. Mostly there is one, the current. While a
// push is in canary the candidate set stands beside it and serves a share of the accounts. A set that was
// left stays until what it began has ended (docs/decisions/0020-one-set-an-event.md). While a push is in a
// shadow run its candidates stand beside it and serve nobody (shadow_set.h).
//
// Threads: the shard's; changed by whoever swaps, while all shards stand at the safepoint.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/module_context.h"
#include "dispatch/shadow_set.h"
#include "dispatch/shard_counters.h"
#include "hotline/module.h"
#include "push/canary_share.h"
#include "push/routes.h"

namespace hotline {

// A module as one shard calls it.
struct CalledModule {
  const Generation* generation = nullptr;  // nullptr: not there.
  hl_instance* instance = nullptr;
  ModuleContext* context = nullptr;
  hl_module_entry entry{};
  // Itself, and those whose code may be needed to convert rows: see row_conversion.h.
  std::vector<const Generation*> resident;
};

// Who reads rows of a table: its owner, as one shard calls it.
struct RowReader {
  const CalledModule* module = nullptr;
  const TableClaim* claim = nullptr;  // nullptr: nobody; then any row is as good as another.

  bool reads(std::uint32_t schema) const { return claim == nullptr || claim->reads_schema(schema); }
};

// The same on all shards but for the instances.
struct ServingSet {
  struct TableOwner {
    std::uint16_t module = 0;
    const TableClaim* claim = nullptr;  // nullptr: no module's of this set.
  };

  std::uint32_t number = 0;            // Grows from set to set; never used again. 0: there is nothing in it.
  std::vector<CalledModule> modules;   // By module number.
  std::vector<CalledModule> previous;  // Likewise: what was current before; see LiveSet::heir.
  std::vector<std::uint16_t> numbers;  // From a place in `routes` to a module number.
  std::vector<TableOwner> tables;      // By table number.
  std::shared_ptr<const RouteTable> routes = std::make_shared<const RouteTable>();
  std::string features;  // For hl_cap_config.features.
  std::string services;  // For hl_cap_config.services.
  // What this set posted from this shard, and what of it was run here. Read while the shards stand still:
  // over all shards they are equal when nothing of it is under way.
  std::uint64_t posted = 0;
  std::uint64_t posts_run = 0;

  const CalledModule* module(std::uint16_t its) const {
    return its < modules.size() && modules[its].generation != nullptr ? &modules[its] : nullptr;
  }
  RowReader reader(std::uint32_t table) const {
    if (table >= tables.size() || tables[table].claim == nullptr) return {};
    return {&modules[tables[table].module], tables[table].claim};
  }
  std::uint16_t number_of(ModuleIndex place) const { return place == no_module ? no_module : numbers[place]; }
};

struct LiveSet {
  std::uint32_t number = 0;  // Grows when the current set or the candidate set becomes another one.
  std::unique_ptr<ServingSet> current = std::make_unique<ServingSet>();
  std::unique_ptr<ServingSet> candidate;  // nullptr: no canary.
  CanaryShare share;
  std::vector<std::unique_ptr<ServingSet>> left;  // They end what they began.
  std::uint32_t measure_every = 16;               // Calls; see CallMeter.
  std::unique_ptr<ShadowSet> shadow;              // nullptr: no shadow run.

  // Who serves an account; the current set when there is none yet.
  ServingSet& of(std::string_view account) {
    return candidate == nullptr || !share.has(account) ? *current : *candidate;
  }
  // The set of that number, or who serves the account when it is gone.
  ServingSet& of(std::uint32_t set, std::string_view account) {
    if (set == current->number) return *current;
    if (candidate != nullptr && set == candidate->number) return *candidate;
    for (const std::unique_ptr<ServingSet>& each : left)
      if (set == each->number) return *each;
    return of(account);
  }

  struct Heir {
    ServingSet* set = nullptr;
    const CalledModule* module = nullptr;  // nullptr: nobody.
  };
  // Who is offered an event that a module of `set` failed on. What a candidate, or a set that was left, fails
  // on is the current set's from there on; what that one fails on is given to the generation before.
  Heir heir(ServingSet& set, std::uint16_t module) {
    const CalledModule* failed = set.module(module);
    const CalledModule* its = current->module(module);
    if (its != nullptr && failed != nullptr && its->generation != failed->generation)
      return {current.get(), its};
    const bool has_previous =
        module < current->previous.size() && current->previous[module].generation != nullptr;
    return {&set, its != nullptr && has_previous ? &current->previous[module] : nullptr};
  }
};

}  // namespace hotline
