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
    run.detail += (run.detail.empty() ? "" : "; ") +
                  (run.candidates.size() > 1 ? label + ": " : std::string()) + words_of(*verdict);
  }
  return true;
}

}  // namespace hotline
