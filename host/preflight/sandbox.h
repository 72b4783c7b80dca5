// Sandbox: what a preflight process may have: bounded memory, time and descriptors, no network, no process of
// its own, nothing that it could write, and once the module is loaded no file at all: not the state
// directory's, not anybody's.
//
// Where the kernel or a container does not permit a part, the rest is kept and the part is named.
//
// [child, its only thread]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hotline::preflight {

// Before the module is loaded: nothing but reading is left. What could not be had, in words for the operator.
std::vector<std::string> enter_sandbox(std::uint64_t cpu_seconds);
// The loader has done its work: nothing is opened any more.
std::vector<std::string> close_files();

}  // namespace hotline::preflight
