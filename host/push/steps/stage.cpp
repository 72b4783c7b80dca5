#include "push/steps/steps.h"

namespace hotline {

bool stage_step(PushWorld& world, PushRun& run) {
  PushOutcome& out = run.out;
  for (Candidate& candidate : run.candidates) {
    const Manifest& manifest = *candidate.report.manifest;
    std::string path = candidate.stored_path;
    if (path.empty()) {
      Result<std::string> added = world.store.add(*candidate.image, manifest.name, candidate.report.build_id);
      if (!added) {
        out.refusals.push_back({candidate.file, added.error().message});
        return false;
      }
      path = std::move(*added);
    }
    Result<std::unique_ptr<Generation>> loaded =
        Generation::load({.path = path,
                          .manifest = manifest,
                          .build_id = candidate.report.build_id,
                          .digest = candidate.report.digest,
                          .pins = candidate.report.pins,
                          .signed_by = candidate.report.signed_by,
                          .convert_reason = candidate.report.convert_reason});
    if (!loaded) {
      out.refusals.push_back({candidate.file, loaded.error().message});
      return false;
    }
    candidate.generation = std::move(*loaded);
    if (Result<void> staged = world.target.stage(*candidate.generation); !staged) {
      out.refusals.push_back({candidate.file, staged.error().message});
      return false;
    }
  }
  return true;
}

}  // namespace hotline
