// The candidate's part of a shadowed event: its call is made after the one of the current generation, before
// anything of that one is applied, on the state that it had been made on; then all of it is dropped.
//
//     current's call ── step back ── candidate's call ── compare ── roll back ── step forward ── commit
//
// Nothing that the candidate does reaches a row, a mailbox, a connection, a timer, a counter or the store;
// what remains is what its instance keeps in its own memory. docs/decisions/0023-shadow.md has the reasons.
#include <algorithm>
#include <functional>
#include <utility>

#include "dispatch/calls.h"
#include "dispatch/shadow_comparison.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

// What came from outside, and what the current generation posted. What else is called for goes on from
// effects, which of the candidate there were none.
bool is_compared(EventKind kind) {
  switch (kind) {
    case EventKind::stream:
    case EventKind::stanza:
    case EventKind::line:
    case EventKind::post:
    case EventKind::request:
    case EventKind::command: return true;
    default: return false;
  }
}

// What the call has made of what it touched.
void look_up(Shard& shard, CallDeeds& deeds) {
  for (CallDeeds::RowDeed& deed : deeds.rows) {
    Account* const account = shard.accounts.find(deed.account);
    TableRows* const rows = account == nullptr ? nullptr : account->rows.find(deed.table);
    if (rows == nullptr) continue;
    if (const auto found = rows->find(deed.key); found != rows->end()) deed.after = found->second;
  }
  for (CallDeeds::FieldDeed& deed : deeds.fields)
    if (const Session* session = shard.sessions.find(deed.session))
      deed.after = session->fields.get(deed.number);
  for (CallDeeds::ScratchDeed& deed : deeds.scratches)
    if (const Stream* stream = shard.streams.find(deed.stream))
      deed.after = std::hash<std::string_view>{}(stream->has_before() == nullptr
                                                     ? std::string_view()
                                                     : std::string_view(stream->has_before()->scratch));
}

// Accounts that there would not be without the candidate's rows. One that a session is being bound for looks
// empty until that is committed: then all stay.
void drop_made(Shard& shard, const std::vector<Effect>& live, const CallDeeds& candidate) {
  if (std::any_of(live.begin(), live.end(),
                  [](const Effect& effect) { return effect.kind == Effect::Kind::session_bind; }))
    return;
  for (const CallDeeds::RowDeed& deed : candidate.rows)
    if (Account* account = shard.accounts.find(deed.account)) shard.accounts.drop_if_empty(*account);
}

}  // namespace

const CalledModule* Calls::begin_shadow(const ServingSet& set, const CalledModule& target,
                                        const Event& event) {
  // Not what another generation failed on, or a set that was left has to end.
  if (&set != live_.current.get() || set.module(event.module) != &target || !is_compared(event.kind))
    return nullptr;
  ShadowSet& shadow = *live_.shadow;
  const CalledModule* const candidate = shadow.set().module(event.module);
  if (candidate == nullptr || candidate->generation == target.generation) return nullptr;
  if (!shadow.takes_part(shard_.world.clock->mono_ns())) return nullptr;
  tape_ = &shadow.tape();
  tape_->record();
  return candidate;
}

void Calls::shadow(const CalledModule& candidate, const Event& event, hl_status live_status,
                   const ShadowCall& call) {
  // A call that failed is undone, so there is nothing to compare with.
  if (live_status == HL_OK || live_status == HL_E_NONE) {
    const std::uint64_t from_ns = shard_.world.clock->mono_ns();
    call_candidate(candidate, event, live_status, call);
    live_.shadow->spent(shard_.world.clock->mono_ns() - from_ns);
  }
  tape_ = nullptr;
}

void Calls::call_candidate(const CalledModule& candidate, const Event& event, hl_status live_status,
                           const ShadowCall& call) {
  ShadowSet& shadow = *live_.shadow;
  CallTape& tape = shadow.tape();
  look_up(shard_, tape.live());
  transaction_.step_back();
  std::swap(transaction_, shadow.transaction());
  transaction_.begin(event.module, {}, event.stanza);  // Without the receipt: nobody waits for this.
  ServingSet* const live_set = std::exchange(serving_, &shadow.set());
  const CalledModule* const live_module = std::exchange(called_, &candidate);
  tape.replay();

  FaultCause cause;
  std::string live_words = std::exchange(words_, {});
  const hl_status status =
      guarded(candidate.generation->code(), event.kind, cause, [&] { return call(candidate); });
  std::string words = std::exchange(words_, std::move(live_words));
  std::vector<Difference> differences;
  if (cause.was_slow) differences.push_back({"time", "beyond its soft budget"});
  if (status == HL_OK || status == HL_E_NONE) {
    look_up(shard_, tape.candidate());
    const ComparedCall live{live_status, shadow.transaction().effects(), tape.live()};
    const ComparedCall its{status, transaction_.effects(), tape.candidate()};
    ShadowComparison(shard_, event.module, differences).compare(live, its);
  } else if (transaction_.has_met_parked() && cause.is_answer()) {
    differences.push_back({"row", "that it cannot convert"});
  } else {
    const bool is_overrun = cause.kind == FaultCause::Kind::overrun;
    differences.push_back({is_overrun ? "time" : "fault", is_overrun ? "beyond its hard budget" : ""});
    if (cause.kind == FaultCause::Kind::status) {
      cause.status = status;
      cause.words = std::move(words);
    }
    charge(*candidate.generation, event.kind, std::move(cause));
  }

  transaction_.roll_back();
  transaction_.end();
  std::swap(transaction_, shadow.transaction());
  transaction_.step_forward();
  serving_ = live_set;
  called_ = live_module;
  drop_made(shard_, transaction_.effects(), tape.candidate());
  shadow.tally().add(shadow.take_seen(), differences);
}

}  // namespace hotline
