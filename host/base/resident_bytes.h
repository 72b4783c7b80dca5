// How much memory the process has in use.
#pragma once

#include <cstdint>

namespace hotline {

// Resident, as the kernel counts it; 0 where it does not say.
std::uint64_t resident_bytes();

}  // namespace hotline
