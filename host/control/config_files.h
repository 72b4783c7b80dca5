// What a configuration names and this machine does not have. Asked of one that is valid in itself: a check
// before a start, on the machine that will serve.
//
// Any thread.
#pragma once

#include <string>
#include <vector>

#include "control/config.h"

namespace hotline {

// Beside the program in a build directory; PREFIX/lib/hotline/modules for PREFIX/bin/hotlined.
std::string default_modules_dir();

// A sentence for each thing that is missing, or may not be read; empty: nothing is.
std::vector<std::string> missing_for(const Config& config);

}  // namespace hotline
