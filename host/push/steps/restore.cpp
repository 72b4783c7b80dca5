#include <utility>

#include "base/log.h"
#include "push/steps/steps.h"

namespace hotline {

namespace {

// Its file, its signature and the file itself, as if nothing were live: what is live now is not its business.
bool restore(PushWorld& world, const VerifyPolicy& policy, Candidate& candidate, PushOutcome& out) {
  Result<Image> image = Image::read(candidate.file);
  if (!image) {
    out.refusals.push_back({candidate.file, image.error().message});
    return false;
  }
  candidate.image = std::move(*image);
  candidate.report = verify(*candidate.image, policy, candidate.signed_by);
  for (const std::string& refusal : candidate.report.refusals)
    out.refusals.push_back({candidate.file, refusal});
  return candidate.report.is_accepted() && stage_candidate(world, candidate, out);
}

}  // namespace

bool restore_step(PushWorld& world, PushRun& run) {
  if (run.beside.empty()) return true;
  VerifyPolicy policy;
  if (!read_policy(world, run, policy)) return false;
  policy.live.clear();
  policy.stored_tables.clear();
  for (Candidate& candidate : run.beside) {
    PushOutcome attempt;
    if (restore(world, policy, candidate, attempt)) continue;
    if (candidate.generation != nullptr) retire_generation(world, std::move(candidate.generation), run.out);
    for (const PushRefusal& refusal : attempt.refusals) {
      run.out.notes.push_back("not loaded again beside what is live: " + refusal.reason);
      log::warning("start.build_missing", {{"file", refusal.file}, {"why", refusal.reason}});
    }
  }
  return true;
}

}  // namespace hotline
