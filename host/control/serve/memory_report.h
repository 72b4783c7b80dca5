// What `hotline status --memory` tells: the census of the shards beside what the process, its allocator, its
// modules' arenas and TLS know of themselves.
#pragma once

#include <vector>

#include "control/protocol.h"
#include "dispatch/memory_census.h"

namespace hotline {

// `modules` are those of the observer. Milliseconds of the caller's time, for the allocator counts what is
// free: not for a shard.
MemoryReport memory_report(Host& host, const MemoryCensus::Figures& figures, const TlsContext& tls,
                           const std::vector<ModuleReport>& modules);

}  // namespace hotline
