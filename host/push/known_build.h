// Builds that a state directory knows: those whose file is in DIR/modules, or in the archive of symbols.
//
// Threads: any, in any process that may read the state directory.
#pragma once

#include <string>

#include "base/result.h"

namespace hotline {

struct KnownBuild {
  std::string build_id;
  std::string module, version;  // Empty: its file is not there.
};

// The build that `text` means: its id, or how the id of a known one begins. A whole id need not be known: a
// build may be blocked before anybody has pushed it. The error says what `text` is instead.
Result<KnownBuild> build_of(const std::string& state_dir, const std::string& text);

}  // namespace hotline
