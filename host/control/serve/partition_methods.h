// The control socket's methods for partitions: where each is, and moving one.
#pragma once

#include "control/serve/methods.h"

namespace hotline {

void add_partition_methods(RpcServer& server, const MethodParts& parts);

}  // namespace hotline
