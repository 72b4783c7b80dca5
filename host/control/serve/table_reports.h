// What the control socket tells of tables, gathered from all shards. `done` is called on any thread.
#pragma once

#include <functional>
#include <vector>

#include "control/protocol.h"
#include "dispatch/host.h"

namespace hotline {

// Of tables that have rows or an owner, by name.
void gather_tables(Host& host, std::function<void(std::vector<TableReport>)> done);
void gather_parked(Host& host, std::function<void(ParkedReport)> done);

}  // namespace hotline
