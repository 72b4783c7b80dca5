// What becomes of a call that failed, once it has been undone: who is charged, and who is told.
#include "base/log.h"
#include "dispatch/calls.h"
#include "dispatch/shard.h"

namespace hotline {

// Only of exceptions, as of those that the host catches: what else a module logs is not for the history.
void Calls::module_erred(std::string_view text) {
  if (called_ == nullptr) return;
  if (const std::string_view thrown = thrown_in(kind_, text); !thrown.empty()) words_ = thrown;
}

void Calls::charge(const Generation& generation, EventKind event, FaultCause cause) {
  const auto warn = [&](const char* what) {
    log::warning(what, {{"module", generation.manifest().name},
                        {"version", generation.manifest().version.text()},
                        {"call", call_name(event)},
                        {"why", cause.text()}});
  };
  if (is_shadow()) {
    // Its push is to blame, and nothing that is live: neither counted nor recorded with the others.
    warn("shadow.fault");
    return live_.shadow->tally().add_fault(generation.fault(event, std::move(cause)));
  }
  generation.charged()->add(cause.kind);
  shard_.counters.faults.add();
  if (shard_.world.fault_seen) return shard_.world.fault_seen(generation.fault(event, std::move(cause)));
  warn("module.fault");
}

void Calls::give_up(const Event& event) {
  if (event.receipt) shard_.release(event.receipt);
  if (!shard_.world.event_failed) return;
  FailedEvent failed;
  failed.kind = event.kind;
  failed.module = shard_.world.modules->name(event.module);
  failed.number = event.module;
  failed.account = event.account;
  failed.wall_ms = shard_.wall_ms();
  failed.stream = event.stream;
  failed.topic = event.topic;
  failed.is_stanza = event.stanza != nullptr;
  if (event.content != nullptr) {
    event.content->retain();
    failed.content = Ref<const Buffer>::adopt(event.content);
  }
  shard_.world.event_failed(std::move(failed));
}

}  // namespace hotline
