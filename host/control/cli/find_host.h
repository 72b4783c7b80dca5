// Which host a command is for, and where its control socket is.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace hotline::cli {

struct HostPlace {
  std::string socket;
  std::string state_dir;      // Empty when only the socket was given.
  std::string domain;         // From DIR/run.json; empty when only the socket was given.
  std::uint64_t process = 0;  // Likewise; 0.
};

// The state directory: `state`, else $HOTLINE_STATE, else /var/lib/hotline where that is there. Empty: none.
std::string choose_state_dir(const std::string& state);

// What to tell who may not look into the state directory; empty: they may, or it is not there.
std::string forbidden_text(const std::string& state_dir);

// Reads DIR/run.json, which a running host keeps.
Result<HostPlace> read_run_file(const std::string& state_dir);

// What to tell an operator whose host does not answer at `place`.
std::string unreachable_text(const HostPlace& place);

}  // namespace hotline::cli
