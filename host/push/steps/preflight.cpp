#include "push/preflight.h"

#include <algorithm>

#include "push/steps/steps.h"

namespace hotline {

namespace {

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "12 events, the slowest 41 us; 200 live rows up and down".
std::string words_of(const PreflightVerdict& verdict) {
  std::string words = counted(verdict.events, "event");
  if (verdict.events > 0) words += ", the slowest " + std::to_string(verdict.call_us_max) + " us";
  if (verdict.rows > 0) words += "; " + counted(verdict.rows, "live row") + " up and down";
  return words;
}

// More than one of so many sampled rows that would be parked: no matter of single rows any more.
constexpr std::uint64_t parked_share = 2;

// Why the rows it cannot convert are too many; empty: they are not. What the version that serves cannot read
// either is parked already, and no push makes it worse.
std::string parks_too_many(const PreflightVerdict& verdict, const Manifest& its, const Manifest* live) {
  for (const TableClaim& claim : its.tables) {
    const TableClaim* const theirs = live == nullptr ? nullptr : live->table(claim.name);
    std::uint64_t rows = 0, parked = 0;
    std::uint32_t oldest = claim.writes;
    for (const RehearsedSchema& each : verdict.schemas) {
      if (each.table != claim.name || (theirs != nullptr && !theirs->reads_schema(each.schema))) continue;
      rows += each.rows;
      parked += each.parked;
      if (each.parked > 0) oldest = std::min(oldest, each.schema);
    }
    if (parked * parked_share <= rows) continue;
    return "its convert refuses " + std::to_string(parked) + " of " + std::to_string(rows) +
           " sampled live rows of table `" + claim.name +
           "`, more than half: they would be parked, and calls that need them would fail; have convert take "
           "them from schema " +
           std::to_string(oldest) + " to " + std::to_string(claim.writes) +
           ", a step at a time and back, or say `reads " + std::to_string(oldest) + "` too";
  }
  return {};
}

Result<PreflightRequest> request_of(PushWorld& world, const Candidate& candidate) {
  const Manifest& manifest = *candidate.report.manifest;
  Result<std::vector<SampleRow>> rows = world.target.sample_rows(manifest);
  if (!rows) return rows.error();
  PreflightRequest request;
  request.format = preflight_format;
  request.manifest = manifest.text;
  request.build_id = candidate.report.build_id;
  request.digest = candidate.report.digest;
  request.convert_reason = candidate.report.convert_reason;
  request.pins = candidate.report.pins;
  request.facts = world.target.facts(manifest.name);
  request.rows = std::move(*rows);
  request.seconds = world.settings.preflight.deadline_ms / 1'000 + 1;
  request.output_bytes = world.settings.preflight.output_bytes;
  return request;
}

}  // namespace

bool preflight_step(PushWorld& world, PushRun& run) {
  if (!world.settings.preflight.is_on) {
    run.detail = "off (push.preflight)";
    return true;
  }
  PushOutcome& out = run.out;
  for (Candidate& candidate : run.candidates) {
    const std::string label = candidate.report.manifest->label();
    const auto refuse = [&](const std::string& why) {
      out.refusals.push_back({candidate.file, std::string(label).append(" refused: ").append(why)});
      return false;
    };
    if (!world.preflight_program) return refuse(world.preflight_program.error().message);
    Result<PreflightRequest> request = request_of(world, candidate);
    if (!request) return refuse(request.error().message);
    Result<PreflightVerdict> verdict = run_preflight(*world.preflight_program, *request, *candidate.image,
                                                     world.settings.preflight.deadline_ms);
    if (!verdict) return refuse(verdict.error().message);
    for (const std::string& note : verdict->notes) {
      std::string whole = std::string(label).append(": ").append(note);
      if (std::ranges::find(out.notes, whole) == out.notes.end()) out.notes.push_back(std::move(whole));
    }
    candidate.preflight = *verdict;
    if (!verdict->refusal.empty()) return refuse(verdict->refusal);
    const Slot* const slot = world.slots.find(candidate.report.manifest->name);
    const Generation* const live = slot == nullptr ? nullptr : slot->current();
    if (const std::string why = parks_too_many(*verdict, *candidate.report.manifest,
                                               live == nullptr ? nullptr : &live->manifest());
        !why.empty())
      return refuse(why);
    run.detail += (run.detail.empty() ? "" : "; ") +
                  (run.candidates.size() > 1 ? label + ": " : std::string()) + words_of(*verdict);
  }
  return true;
}

}  // namespace hotline
