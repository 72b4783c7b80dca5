// The pipeline's part when an operator takes a module out of service, and puts it back: one barrier, as for a
// rollback, and no file. Its generations stay as they are; what of the module is under way ends where it
// began.
#include "push/pipeline.h"

namespace hotline {

std::string Pipeline::disabled_hint(const std::string& module) {
  return "it is disabled; `hotline module enable " + module + "` first";
}

PushOutcome Pipeline::disable(const std::string& module, const PushedBy& by) {
  return set_service(module, Service::off, by);
}

PushOutcome Pipeline::enable(const std::string& module, const PushedBy& by) {
  return set_service(module, Service::on, by);
}

PushOutcome Pipeline::set_service(const std::string& module, Service service, const PushedBy& by) {
  const std::lock_guard lock(mutex_);
  PushRun run{.by = by};
  run.begun_us = world_.clock.mono_us();
  PushOutcome& out = run.out;
  const bool disables = service == Service::off;
  out.kind = disables ? "disable" : "enable";
  out.outcome = "refused";
  const auto end = [&] {
    out.took_ms = ms_since(run.begun_us);
    record_outcome(world_, run);
    publish(out);
    return out;
  };
  const auto refuse = [&](const std::string& reason) {
    out.refusals.push_back({module, "to " + out.kind + " " + module + " is refused: " + reason});
    return end();
  };
  if (under_way() != nullptr)
    return refuse(
        "a push is in a shadow run or in canary; see `hotline canary status`, then `hotline promote` or "
        "`hotline abort`");
  Slot* its = world_.slots.find(module);
  if (its == nullptr || its->current() == nullptr)
    return refuse("there is no such module; see `hotline modules`");
  if (its->is_disabled == disables) return refuse(disables ? "it is disabled already" : "it is not disabled");
  if (disables && its->current()->manifest().wants_stream)
    return refuse("clients log in by it, and without it nobody could; push another version instead");

  its->is_disabled = disables;
  run.is_judged = has_gates_beside(module);
  if (!live_step(world_, run)) {
    its->is_disabled = !disables;
    for (PushRefusal& refusal : out.refusals) refusal.file = module;
    return end();
  }
  forget_gates(module);
  out.steps.push_back({"live", ms_since(run.begun_us), {}});
  world_.settings.fault_point.reach(out.kind, "live");
  out.outcome = "live";
  PushedModule change = change_of(its->current(), *its->current());
  if (disables) change.to.clear();
  out.modules.push_back(std::move(change));
  ++epoch_;
  record_settled(run, module);
  return end();
}

}  // namespace hotline
