// The control methods around a shadow run and a canary, and what a push says of them.
#pragma once

#include <string>

#include "control/rpc_server.h"
#include "control/serve/methods.h"
#include "push/canary_plan.h"

namespace hotline {

PushReport report_of(const PushOutcome& outcome);
PushedBy pushed_by(const RpcCall& call);

// `shadow_ms`, `shadow_max`, `canary` (shares, in hundredths of a percent), `canary_accounts`, `hold_ms` and
// `gate_ms` of a push.
CanaryPlan canary_plan(const RpcCall& call, const Config& config);
// Empty: nothing.
std::string wrong_with(const CanaryPlan& plan, std::size_t files, bool as_one);

void add_canary_methods(RpcServer& server, const MethodParts& parts);

}  // namespace hotline
