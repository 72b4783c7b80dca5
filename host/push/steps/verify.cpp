#include <algorithm>

#include "push/steps/steps.h"

namespace hotline {

bool verify_step(PushWorld& world, PushRun& run) {
  PushOutcome& out = run.out;
  VerifyPolicy policy = VerifyPolicy::of_host(world.target.capabilities());
  policy.stored_tables = world.target.stored_tables();
  for (const std::unique_ptr<Slot>& slot : world.slots)
    if (const Generation* current = slot->current())
      policy.live.push_back({&current->manifest(), current->build_id()});
  const std::size_t live_before = policy.live.size();
  for (Candidate& candidate : run.candidates) {
    if (!candidate.image) {
      Result<Image> image = Image::read(candidate.file);
      if (!image) {
        out.refusals.push_back({candidate.file, image.error().message});
        continue;
      }
      candidate.image = std::move(*image);
    }
    // Files of one push live together: each is verified beside those before it, in place of what they
    // replace.
    VerifyPolicy its_policy = policy;
    candidate.report = verify(*candidate.image, its_policy);
    for (const std::string& note : candidate.report.notes) out.notes.push_back(note);
    for (const std::string& refusal : candidate.report.refusals)
      out.refusals.push_back({candidate.file, refusal});
    if (!candidate.report.is_accepted()) continue;
    const Manifest& manifest = *candidate.report.manifest;
    const auto same_name = [&manifest](const LiveModule& other) {
      return other.manifest->name == manifest.name;
    };
    if (std::any_of(policy.live.begin() + static_cast<std::ptrdiff_t>(live_before), policy.live.end(),
                    same_name)) {
      out.refusals.push_back({candidate.file, manifest.label() + " refused: another file of this push is " +
                                                  manifest.name + " too; push one of them"});
      continue;
    }
    policy.live.push_back({&*candidate.report.manifest, candidate.report.build_id});
  }
  return out.refusals.empty();
}

}  // namespace hotline
