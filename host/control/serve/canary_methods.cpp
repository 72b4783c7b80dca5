#include "control/serve/canary_methods.h"

#include <algorithm>

#include "control/protocol.h"

namespace hotline {

namespace {

constexpr std::uint64_t hold_ms_max = 7ull * 86'400 * 1'000;
constexpr std::uint64_t shadow_ms_max = hold_ms_max;
constexpr std::size_t shares_max = 20;
constexpr std::size_t accounts_max = 1'000;
constexpr const char* backs_busy = "too many pushes and rollbacks wait; try again when they have ended";

CanaryStatus status_of(const CanaryReport& canary) {
  CanaryStatus status;
  status.state = canary.state;
  for (const PushedModule& module : canary.modules)
    status.modules.push_back({module.name, module.from, module.to, module.build_id, module.signer});
  status.share = canary.share;
  status.step = canary.step;
  status.steps = canary.steps;
  status.passed_ms = canary.passed_ms;
  status.hold_ms = canary.hold_ms;
  status.says = canary.says;
  return status;
}

using Act = std::function<void(Pipeline& pipeline, const PushedBy& by, const RpcReply& reply)>;

void queue(const MethodParts& parts, const RpcCall& call, const RpcReply& reply, const Act& act) {
  if (!parts.backs->submit([parts, act, by = pushed_by(call), reply] { act(*parts.pipeline, by, reply); }))
    reply.refuse(backs_busy);
}

void add(RpcServer& server, const MethodParts& parts, const char* name, Act act) {
  server.add(name, [parts, act = std::move(act)](const RpcCall& call, const RpcReply& reply) {
    queue(parts, call, reply, act);
  });
}

void answer(const Result<PushOutcome>& outcome, const RpcReply& reply) {
  if (!outcome) return reply.refuse(outcome.error().message);
  reply.result(report_of(*outcome));
}

}  // namespace

CanaryPlan canary_plan(const RpcCall& call, const Config& config) {
  CanaryPlan plan;
  plan.shares = call.params.value("canary", std::vector<std::uint32_t>{});
  for (std::string& account : call.params.value("canary_accounts", std::vector<std::string>{})) {
    if (account.find('@') == std::string::npos) account += "@" + config.domain;
    plan.accounts.insert(std::move(account));
  }
  // Named accounts alone: nobody but them.
  if (plan.shares.empty() && !plan.accounts.empty()) plan.shares = {0};
  plan.hold_ms = call.params.value("hold_ms", plan.hold_ms);
  plan.shadow_ms = call.params.value("shadow_ms", plan.shadow_ms);
  if (call.params.contains("shadow_max")) plan.shadow_max = call.params.at("shadow_max").get<std::uint64_t>();
  if (call.params.contains("gate_ms")) plan.gate_ms = call.params.at("gate_ms").get<std::uint64_t>();
  return plan;
}

std::string wrong_with(const CanaryPlan& plan, std::size_t files, bool as_one) {
  if (files > 1 && !as_one && (plan.has_canary() || plan.shadow_ms > 0))
    return "a shadow run or a canary is of one file, or of several --as-one";
  if (plan.shadow_ms > shadow_ms_max) return "a shadow run takes 1 ms to 7 days";
  if (plan.shadow_max && plan.shadow_ms == 0) return "shadow_max is of a shadow run: give it a time too";
  if (!plan.has_canary()) return {};
  if (plan.shares.size() > shares_max)
    return "a canary has at most " + std::to_string(shares_max) + " shares";
  if (plan.accounts.size() > accounts_max)
    return "a canary has at most " + std::to_string(accounts_max) + " named accounts";
  if (plan.hold_ms == 0 || plan.hold_ms > hold_ms_max) return "a share is held for 1 ms to 7 days";
  if (plan.shares.back() > CanaryShare::whole) return "a share is at most 100 %";
  if (!std::is_sorted(plan.shares.begin(), plan.shares.end())) return "the shares of a canary grow";
  return {};
}

void add_canary_methods(RpcServer& server, const MethodParts& parts) {
  add(server, parts, "canary.status", [](Pipeline& pipeline, const PushedBy&, const RpcReply& reply) {
    reply.result(status_of(pipeline.canary()));
  });
  add(server, parts, "canary.pause", [](Pipeline& pipeline, const PushedBy&, const RpcReply& reply) {
    if (Result<void> done = pipeline.pause(); !done) return reply.refuse(done.error().message);
    reply.result(status_of(pipeline.canary()));
  });
  add(server, parts, "canary.resume", [](Pipeline& pipeline, const PushedBy&, const RpcReply& reply) {
    if (Result<void> done = pipeline.resume(); !done) return reply.refuse(done.error().message);
    reply.result(status_of(pipeline.canary()));
  });
  add(server, parts, "canary.promote", [](Pipeline& pipeline, const PushedBy& by, const RpcReply& reply) {
    answer(pipeline.promote(by), reply);
  });
  server.add("canary.abort", [parts](const RpcCall& call, const RpcReply& reply) {
    if (parts.abort_upgrade(call, reply)) return;
    queue(parts, call, reply, [](Pipeline& pipeline, const PushedBy& by, const RpcReply& its) {
      answer(pipeline.abort(by), its);
    });
  });
}

}  // namespace hotline
