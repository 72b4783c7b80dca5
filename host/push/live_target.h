// LiveTarget: what the pipeline puts code into: the shards.
//
// Implemented by dispatch/host. Called by the pipeline, one call at a time, where nothing else is said.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "push/call_figures.h"
#include "push/canary_share.h"
#include "push/generation.h"
#include "push/shadow_tally.h"
#include "push/verify.h"

namespace hotline {

class RouteTable;

// A live row, for `convert` to be tried on.
struct SampleRow {
  std::string table;
  std::uint32_t schema = 0;
  std::string value;
};

// What a module finds at the host that is not code or rows.
struct ModuleFacts {
  std::string domain;
  std::map<std::string, std::string> settings;  // Its part of the configuration.
};

class LiveTarget {
 public:
  // A module's part in a live set.
  struct Part {
    const Generation* generation = nullptr;
    const Generation* newer = nullptr;  // Resident, and may have written rows that `generation` cannot read.
    const Generation* previous = nullptr;  // Resident: is offered an event that `generation` failed on.
    bool is_disabled = false;              // Nobody answers for what it claims.
  };
  struct Outcome {
    bool is_live = false;
    std::uint64_t pause_us_max = 0;  // The longest any shard stood still.
    std::uint32_t attempts = 0;
  };

  // Modules that serve together, with the routes between them.
  struct ServedSet {
    std::vector<Part> parts;
    std::shared_ptr<const RouteTable> routes;
  };
  // Events under way when a set is left: it ends what it began, or its code is not to run again.
  enum class UnderWay { ends_where_it_began, moves_over };
  // Of the barrier. In haste, because what serves is bad: shards may stand still for longer.
  enum class Haste { ordinary, urgent };
  struct Serving {
    ServedSet current;
    ServedSet candidate;    // Without parts: there is no canary.
    CanaryShare share;      // Of the candidate.
    ServedSet shadow = {};  // Serves nobody: it is called too, and what it asks for is only compared. Without
                            // parts: there is no shadow run.
    std::shared_ptr<ShadowTally> tally = {};  // Where that is told.
    UnderWay under_way = UnderWay::ends_where_it_began;
    Haste haste = Haste::ordinary;
    bool measures_all = false;  // Time and errors of every call, rather than of some: a push is judged.
  };

  virtual ~LiveTarget() = default;
  virtual std::vector<std::string> capabilities() const = 0;
  virtual std::vector<StoredTable> stored_tables() = 0;
  virtual ModuleFacts facts(const std::string& module) const = 0;
  // Whether somebody listens for lines under that name.
  virtual bool has_lines_listener(const std::string& name) const = 0;
  // Rows of its tables in schemas that it does not write, some of each shard; none where there are none.
  // Waits for the shards, which go on serving; the error says that they did not answer.
  virtual Result<std::vector<SampleRow>> sample_rows(const Manifest& manifest) = 0;
  // Makes the instances of a generation that serves nothing yet; undoes it after it has ceased to.
  virtual Result<void> stage(Generation& generation) = 0;
  virtual Result<void> unstage(Generation& generation) = 0;
  // Makes this what serves, on all shards at one barrier. A set that is there already goes on as it is, also
  // as current when it was the candidate.
  virtual Outcome serve(const Serving& serving) = 0;
  // Whether a set that was left still has to end something that code of this generation began. Until it has,
  // or is unstaged, its code runs.
  virtual bool is_owed(const Generation& generation) = 0;
  // What the calls into a generation came to since it was staged, all shards together. Any thread.
  virtual CallFigures figures(const Generation& generation) = 0;
  // Any thread.
  virtual HostFigures host_figures() = 0;
};

}  // namespace hotline
