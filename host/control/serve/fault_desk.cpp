#include "control/serve/fault_desk.h"

#include "base/log.h"
#include "push/frame.h"
#include "push/symbols.h"

namespace hotline {

namespace {
constexpr std::size_t waiting_max = 256;
constexpr std::uint64_t record_every_us = 1'000'000;
constexpr std::size_t builds_max = 1'000;  // Of which faults are remembered.
}  // namespace

std::string words_of(const Crash& crash, const SymbolArchive& symbols) {
  std::string words = "the last process died of " + signal_name(crash.signal) + " at " + crash.pc;
  std::string_view pc = crash.pc;
  if (const std::optional<Frame> frame = take_frame(pc))
    if (const Result<std::string> file = symbols.find(frame->build_id); file)
      if (const std::string function = function_at(*file, frame->offset); !function.empty())
        words += ", in " + function;
  return words + (crash.module.empty()
                      ? ", in the host's own code"
                      : ", while " + crash.module + " " + crash.version + " was called for " + crash.call);
}

FaultDesk::FaultDesk(Clock& clock, Settings settings, Actions actions)
    : clock_(clock), settings_(settings), actions_(std::move(actions)), worker_(1, waiting_max, 0) {}

void FaultDesk::fault(Fault fault) {
  const std::uint64_t now_us = clock_.mono_us();
  worker_.submit([this, fault = std::move(fault), now_us] { deal_with(fault, now_us); });
}

void FaultDesk::close() {
  const std::lock_guard lock(acting_);
  is_closed_ = true;
}

void FaultDesk::deal_with(const Fault& fault, std::uint64_t at_us) {
  const std::lock_guard acting(acting_);
  if (is_closed_) return;
  const std::string words = words_of(fault);
  bool is_left = false;
  std::uint64_t to_record = 0;
  {
    const std::lock_guard lock(mutex_);
    if (by_build_.size() >= builds_max) by_build_.clear();
    Ledger& ledger = by_build_[fault.build_id];
    ledger.newest = words;
    if (fault.cause.kind == FaultCause::Kind::signal && taint_.empty()) taint_ = words;
    while (!ledger.at_us.empty() && at_us - ledger.at_us.front() > settings_.window_s * 1'000'000)
      ledger.at_us.pop_front();
    ledger.at_us.push_back(at_us);
    if (ledger.at_us.size() > settings_.faults_max) ledger.at_us.pop_front();
    is_left = ledger.at_us.size() >= settings_.faults_max;
    ++ledger.unrecorded;
    if (ledger.recorded_us == 0 || at_us - ledger.recorded_us >= record_every_us) {
      ledger.recorded_us = at_us;
      to_record = std::exchange(ledger.unrecorded, 0);
    }
  }
  if (to_record > 0) {
    log::error("module.charged", {{"module", fault.module},
                                  {"version", fault.version},
                                  {"build_id", fault.build_id},
                                  {"why", words},
                                  {"faults", to_record}});
    actions_.record(fault, words, to_record);
  }
  if (is_left)
    actions_.leave(fault, std::to_string(settings_.faults_max) + " faults within " +
                              std::to_string(settings_.window_s) + " s, the last: " + words);
}

std::string FaultDesk::taint() const {
  const std::lock_guard lock(mutex_);
  return taint_;
}

std::string FaultDesk::newest(const std::string& build_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_build_.find(build_id);
  return found == by_build_.end() ? std::string() : found->second.newest;
}

}  // namespace hotline
