#include "preflight/rehearsal.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/heap.h"
#include "preflight/call_bound.h"
#include "preflight/rehearsed_rows.h"
#include "preflight/stage.h"
#include "push/fault.h"

namespace hotline::preflight {

namespace {

constexpr int timed_calls = 5;     // Of each event: the quickest counts, whatever else the machine does.
constexpr int warm_calls = 16;     // Before memory is looked at: caches fill.
constexpr int watched_calls = 32;  // In each of three rounds; only what all of them show is growth.
constexpr std::uint64_t slack_bytes = 16;  // An event may seem to keep so much: the allocator's own rounding.

// What an event made the module write to clients.
std::uint64_t sent_bytes(const sdk::fake::State& state) {
  std::uint64_t bytes = 0;
  for (const auto& [id, stream] : state.streams)
    for (const std::string& text : stream.sent) bytes += text.size();
  return bytes;
}

}  // namespace

Rehearsal::Rehearsal(PreflightRequest request, Manifest manifest, Steps::Say say)
    : request_(std::move(request)), manifest_(std::move(manifest)), steps_(std::move(say)) {}

PreflightVerdict Rehearsal::run() {
  return attempt(request_, manifest_, steps_, [this](Generation& generation, PreflightVerdict& verdict) {
    return with_generation(generation, verdict);
  });
}

std::string Rehearsal::with_generation(Generation& generation, PreflightVerdict& verdict) {
  verdict.has_convert = generation.entry().convert != nullptr;
  if (std::string wrong = with_instance(generation, verdict); !wrong.empty()) return wrong;
  RehearsedRows rows(generation, [this](const std::string& name) { step(name); });
  if (std::string wrong = rows.run(request_.rows, written_); !wrong.empty()) return wrong;
  verdict.schemas = rows.schemas();
  std::uint64_t parked = 0;
  for (const RehearsedSchema& each : verdict.schemas) {
    verdict.rows += each.proved;
    parked += each.parked;
  }
  if (parked > 0)
    verdict.notes.push_back(std::to_string(parked) + " of " + std::to_string(request_.rows.size()) +
                            " sampled live rows cannot be converted and would be parked");
  return unload(generation);
}

std::string Rehearsal::with_instance(const Generation& generation, PreflightVerdict& verdict) {
  const hl_module_entry& entry = generation.entry();
  if (entry.self_test != nullptr) {
    step("self_test");
    sdk::FakeHost host;
    configure(host, request_.facts);
    if (const sdk::Status status = host.self_test(entry); status != HL_OK)
      return "its self_test answered " + status_name(status) + logged(host);
  }
  step("create");
  const std::uint64_t before = heap_figures().used_bytes;
  Stage stage(manifest_, request_.facts);
  {
    const CallBound bound(bound_us(generation));
    if (const sdk::Status status = stage.host.try_load(entry); status != HL_OK)
      return "create answered " + status_name(status) +
             (status == HL_E_NONE ? " (a capability is missing)" : "") + logged(stage.host);
  }
  const std::uint64_t after = heap_figures().used_bytes;
  verdict.instance_bytes = after > before ? after - before : 0;
  // Each shard has an instance, and none may be in another's way.
  step("create for a second shard");
  sdk::FakeHost second;
  configure(second, request_.facts);
  if (const sdk::Status status = second.try_load(entry); status != HL_OK)
    return "create for a second shard answered " + status_name(status) + logged(second);
  step("on_stream");
  stage.set();
  if (!stage.host.failed.empty())
    return "on_stream answered " + status_name(stage.host.failed.front()) + ", which is charged as a fault";
  std::string wrong = offer_events(stage, generation, verdict);
  if (wrong.empty()) wrong = repeat_events(stage, generation);
  verdict.config_read.assign(stage.host.config_read.begin(), stage.host.config_read.end());
  if (!wrong.empty()) return wrong;
  step("destroy");
  stage.rewind();
  stage.host.unload();
  second.unload();
  return {};
}

std::string Rehearsal::offer_events(Stage& stage, const Generation& generation, PreflightVerdict& verdict) {
  using Clock = std::chrono::steady_clock;
  for (const SyntheticEvent& event : stage.events) {
    step(event.name);
    std::uint64_t quickest = ~std::uint64_t{0};
    for (int i = 0; i < timed_calls; ++i) {
      stage.rewind();
      const CallBound bound(bound_us(generation));
      const Clock::time_point from = Clock::now();
      const sdk::Status status = stage.offer(event);
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - from).count();
      quickest = std::min(quickest, static_cast<std::uint64_t>(took));
      if (status != HL_OK && status != HL_E_NONE)
        return event.name + " answered " + status_name(status) + ", which is charged as a fault" +
               logged(stage.host) + "; answer the peer, and HL_OK";
      if (const std::uint64_t bytes = sent_bytes(stage.host.state()); bytes > request_.output_bytes)
        return event.name + " wrote " + std::to_string(bytes) +
               " bytes to a client for one event, more than the " + std::to_string(request_.output_bytes) +
               " that may wait for one (limits.output_bytes_max)";
    }
    ++verdict.events;
    verdict.call_us_max = std::max(verdict.call_us_max, quickest);
    if (quickest > generation.code().slow_us)
      return event.name + " took " + std::to_string(quickest) + " us, the quickest of " +
             std::to_string(timed_calls) + " calls, and its budget is " +
             std::to_string(generation.code().slow_us) + " us; do less in one call, or say `budget call_us`";
    for (const auto& [table, accounts] : stage.host.state().tables)
      if (const TableClaim* claim = manifest_.table(table))
        for (const auto& [account, rows] : accounts)
          for (const auto& [key, value] : rows)
            if (written_.size() < RehearsedRows::written_max)
              written_.push_back({table, claim->writes, value});
  }
  return {};
}

// The fake host is put back to where it was after each event, so what grows is the module's.
std::string Rehearsal::repeat_events(Stage& stage, const Generation& generation) {
  for (const SyntheticEvent& event : stage.events) {
    step(event.name + ", again and again");
    const auto heap_after = [&](int calls) {
      for (int i = 0; i < calls; ++i) {
        stage.rewind();
        const CallBound bound(bound_us(generation));
        (void)stage.offer(event);
      }
      stage.rewind();
      return heap_figures().used_bytes;
    };
    (void)heap_after(warm_calls);
    const std::array<std::uint64_t, 4> heap{heap_after(0), heap_after(watched_calls),
                                            heap_after(watched_calls), heap_after(watched_calls)};
    std::uint64_t growth = ~std::uint64_t{0};
    for (std::size_t i = 1; i < heap.size(); ++i)
      growth = std::min(growth, heap[i] > heap[i - 1] ? (heap[i] - heap[i - 1]) / watched_calls : 0);
    if (growth > slack_bytes)
      return event.name + " kept about " + std::to_string(growth) +
             " bytes more each time; free what an event allocates, and bound what an instance remembers";
  }
  return {};
}

std::string Rehearsal::unload(Generation& generation) {
  step("unload");
  const Generation::Unloading unloading = generation.unload();
  if (!Generation::can_unload()) return {};
  if (unloading.is_unmapped && !is_in_maps("/memfd:" + std::string(preflight_module_name))) return {};
  return "it would stay mapped for ever: " +
         (unloading.reason.empty() ? request_.pins.cause() : unloading.reason);
}

}  // namespace hotline::preflight
