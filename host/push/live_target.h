// LiveTarget: what the pipeline puts code into: the shards.
//
// Implemented by dispatch/host. Called by the pipeline's thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "push/generation.h"
#include "push/verify.h"

namespace hotline {

class RouteTable;

class LiveTarget {
 public:
  // A module's part in a live set.
  struct Part {
    const Generation* generation = nullptr;
    const Generation* newer = nullptr;  // Resident, and may have written rows that `generation` cannot read.
    const Generation* previous = nullptr;  // Resident: is offered an event that `generation` failed on.
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
  virtual Outcome go_live(std::span<const Part> set, std::shared_ptr<const RouteTable> routes) = 0;
};

}  // namespace hotline
