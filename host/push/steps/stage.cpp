#include "push/steps/steps.h"

namespace hotline {

bool stage_candidate(PushWorld& world, Candidate& candidate, PushOutcome& out) {
  const Manifest& manifest = *candidate.report.manifest;
  const auto refuse = [&](const Error& error) {
    out.refusals.push_back({candidate.file, error.message});
    return false;
  };
  std::string path = candidate.stored_path;
  if (path.empty()) {
    Result<std::string> added = world.store.add(*candidate.image, manifest.name, candidate.report.build_id);
    if (!added) return refuse(added.error());
    path = std::move(*added);
    world.settings.fault_point.reach(out.kind, "store");
  }
  Result<std::unique_ptr<Generation>> loaded =
      Generation::load({.path = path,
                        .manifest = manifest,
                        .build_id = candidate.report.build_id,
                        .digest = candidate.report.digest,
                        .pins = candidate.report.pins,
                        .signed_by = candidate.report.signed_by,
                        .convert_reason = candidate.report.convert_reason,
                        .has_extra_libraries = candidate.report.has_extra_libraries,
                        .arena_bytes_max = world.settings.arena_bytes_max});
  if (!loaded) return refuse(loaded.error());
  candidate.generation = std::move(*loaded);
  if (Result<void> kept = world.symbols.keep(path, candidate.report.build_id); !kept)
    out.notes.push_back(manifest.label() + ": " + kept.error().message);
  if (Result<void> staged = world.target.stage(*candidate.generation); !staged) return refuse(staged.error());
  return true;
}

bool stage_step(PushWorld& world, PushRun& run) {
  for (Candidate& candidate : run.candidates)
    if (!stage_candidate(world, candidate, run.out)) return false;
  return true;
}

}  // namespace hotline
