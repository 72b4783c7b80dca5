// The pipeline's part at a start: what ran before is brought up again, and after a crash without the build
// that was being called, in whichever way goes.
#include <algorithm>
#include <optional>

#include "base/log.h"
#include "push/comeback.h"
#include "push/pipeline.h"

namespace hotline {

namespace {

using Way = Comeback::Way;

// Of one module of the running set, in the order of its builds.
Candidate candidate_of(const RunningModule& module, std::size_t i, const std::string& path) {
  Candidate candidate;
  candidate.file = path;
  candidate.stored_path = path;
  candidate.signed_by = module.builds[i].signed_by;
  candidate.is_disabled = i == module.at && module.is_disabled;
  candidate.was_left = module.builds[i].was_left;
  candidate.place = i < module.at   ? Candidate::Place::older
                    : i > module.at ? Candidate::Place::newer
                                    : Candidate::Place::current;
  return candidate;
}

const char* words_of(Way way) {
  switch (way) {
    case Way::beside: return "on the build before it, with its convert";
    case Way::without: return "without it";
    case Way::in_front: return "on it, so that its convert is not needed";
    case Way::as_it_was: break;
  }
  return "as it was";
}

std::optional<Manifest> manifest_of(const std::string& path) {
  const Result<Image> image = Image::read(path);
  return image ? verify(*image, VerifyPolicy::of_host({})).manifest : std::nullopt;
}

// What became of the build that killed the last process. `failed`: why nothing better went.
void tell(const Comeback& way, const Crash& crash, const std::string& failed) {
  const auto its = std::ranges::find(way.set, crash.module, &RunningModule::module);
  if (crash.build_id.empty() || its == way.set.end()) return;
  const StoredBuild& current = its->builds[its->at];
  if (current.build_id == crash.build_id) {
    log::error(
        "start.build_kept",
        {{"module", crash.module},
         {"version", crash.version},
         {"build_id", crash.build_id},
         {"why", "it was being called when the last process died, and serves again, as nothing else does: " +
                     (failed.empty() ? "no build before it is loaded" : failed) + "; push a fix"}});
  } else if (way.way != Way::as_it_was) {  // Else it stood beside what is current before, and does again.
    log::error(
        "start.build_left",
        {{"module", crash.module},
         {"version", crash.version},
         {"build_id", crash.build_id},
         {"back_on", current.version},
         {"why",
          std::string("it was being called when the last process died") +
              (way.way == Way::beside ? "; it stays beside, for rows that only its convert reads" : "")}});
  }
}

}  // namespace

// Rows of it may be on disk that the other does not read. Of files that cannot be read nothing is known, and
// the start says so.
bool Pipeline::writes_newer(const StoredBuild& its, const StoredBuild& other) const {
  const std::string directory = world_.store.state_dir() + "/";
  const std::optional<Manifest> newer = manifest_of(directory + its.path);
  const std::optional<Manifest> older = manifest_of(directory + other.path);
  return newer && older && newer->writes_newer_than(*older);
}

Result<PushOutcome> Pipeline::start(const std::vector<std::string>& initial, const Crash& crash) {
  Result<std::vector<RunningModule>> running = world_.store.running();
  if (!running) return running.error();
  const std::vector<Comeback> ways = comebacks(
      *running, crash,
      [this](const StoredBuild& guilty, const StoredBuild& before) { return writes_newer(guilty, before); });
  std::string failed;
  for (const Comeback& way : ways) {
    Result<PushOutcome> started = start_with(way.set, initial);
    if (started) {
      tell(way, crash, failed);
      return started;
    }
    failed += (failed.empty() ? "" : "\n  ") +
              (ways.size() > 1 ? std::string(words_of(way.way)) + ": " : std::string()) +
              started.error().message;
  }
  return Error{"the modules could not be brought up:\n  " + failed};
}

Result<PushOutcome> Pipeline::start_with(const std::vector<RunningModule>& set,
                                         const std::vector<std::string>& initial) {
  PushRun asked{.by = the_host()};
  asked.out.kind = "start";
  for (const RunningModule& module : set)
    for (std::size_t i = 0; i < module.builds.size(); ++i) {
      const Result<std::string> path = world_.store.take(module.module, module.builds[i]);
      if (!path && i == module.at) return path.error();
      if (!path) {
        asked.out.notes.push_back("not loaded again beside what is live: " + path.error().message);
        continue;
      }
      (i == module.at ? asked.candidates : asked.beside).push_back(candidate_of(module, i, *path));
    }
  if (set.empty())
    for (const std::string& file : initial) asked.candidates.emplace_back().file = file;
  PushOutcome out = run(std::move(asked), {}, {});
  if (out.outcome == "live") return out;
  std::string why;
  for (const PushRefusal& refusal : out.refusals) why += (why.empty() ? "" : "\n  ") + refusal.reason;
  return Error{why};
}

}  // namespace hotline
