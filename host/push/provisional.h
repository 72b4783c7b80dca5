// Provisional: a push that is live, and may yet be taken back by itself: until its gate closes, a restart
// comes back on the set before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "push/canary.h"
#include "push/gate.h"

namespace hotline {

struct Provisional {
  std::uint64_t number = 0;          // Of the push in the history.
  std::vector<JudgedModule> judged;  // Each against what the generation before it had done until the swap.
  Gate gate;
  std::uint64_t from_ms = 0, until_ms = 0, looked_ms = 0;
  std::vector<std::string> says;
  // It goes back, whatever a look says from now on: when the shards come together.
  struct Failure {
    std::string why;
    bool has_faulted = false;
  };
  std::optional<Failure> failed = {};
};

}  // namespace hotline
