#include <algorithm>

#include "push/steps/steps.h"

namespace hotline {

namespace {

// The file beside it, or where that is allowed and there is none, this host's development key, here and now.
Result<void> find_signature(PushWorld& world, const VerifyPolicy& policy, Candidate& candidate,
                            PushOutcome& out) {
  if (!candidate.stored_path.empty()) return {};  // As the running set has it.
  Result<std::optional<Signature>> beside = read_signature_of(candidate.file);
  if (!beside) return beside.error();
  candidate.signed_by.signature = *beside;
  if (candidate.signed_by.signature || !world.settings.require_signature ||
      !world.settings.allow_development_key)
    return {};
  Result<SigningKey> key = world.trust.development_key();
  const auto is_its = [&](const TrustedKey& trusted) { return trusted.key == key->public_key(); };
  // The file stays unsigned, which is told.
  if (!key || std::ranges::none_of(policy.trusted, is_its)) return {};
  candidate.signed_by.signature = key->sign(candidate.image->bytes());
  out.notes.push_back(candidate.file +
                      " was not signed; this host has signed it with its development key "
                      "(`push.allow_development_key`)");
  return {};
}

bool read_file(PushWorld& world, const VerifyPolicy& policy, Candidate& candidate, PushOutcome& out) {
  Result<Image> image = Image::read(candidate.file);
  if (!image) {
    out.refusals.push_back({candidate.file, image.error().message});
    return false;
  }
  candidate.image = std::move(*image);
  Result<void> found = find_signature(world, policy, candidate, out);
  if (!found) out.refusals.push_back({candidate.file, candidate.file + " refused: " + found.error().message});
  return found.has_value();
}

}  // namespace

bool read_policy(PushWorld& world, PushRun& run, VerifyPolicy& policy) {
  policy = VerifyPolicy::of_host(world.target.capabilities());
  policy.stored_tables = world.target.stored_tables();
  policy.requires_signature = world.settings.require_signature;
  policy.allows_development_key = world.settings.allow_development_key;
  policy.allows_older = run.may_be_older;
  const auto refuse = [&](const Error& error) {
    for (const Candidate& candidate : run.candidates)
      run.out.refusals.push_back({candidate.file, error.message});
    return false;
  };
  if (run.may_be_older && run.by.reason.empty())
    return refuse(Error{"an older version is forced with a reason only: give --reason, for the history"});
  Result<std::vector<TrustedKey>> trusted = world.trust.keys();
  if (!trusted) return refuse(trusted.error());
  policy.trusted = std::move(*trusted);
  policy.state_dir = world.store.state_dir();
  Result<std::vector<BlockedBuild>> blocked = world.blocklist.entries();
  if (!blocked) return refuse(blocked.error());
  policy.blocked = std::move(*blocked);
  if (run.out.kind == "start")
    std::erase_if(policy.blocked, [](const BlockedBuild& its) { return its.was_left; });
  for (const std::unique_ptr<Slot>& slot : world.slots)
    if (const Generation* current = slot->current())
      policy.live.push_back({&current->manifest(), current->build_id()});
  for (const std::unique_ptr<Slot>& slot : world.slots)
    for (const std::unique_ptr<Generation>& generation : slot->resident)
      policy.converters.push_back(&generation->manifest());
  for (const Candidate& candidate : run.beside)
    if (candidate.generation != nullptr) policy.converters.push_back(&candidate.generation->manifest());
  return true;
}

bool verify_step(PushWorld& world, PushRun& run) {
  PushOutcome& out = run.out;
  VerifyPolicy policy;
  if (!read_policy(world, run, policy)) return false;
  std::vector<std::string> of_this_push;
  for (Candidate& candidate : run.candidates) {
    if (!read_file(world, policy, candidate, out)) continue;
    // Files of one push live together: each is verified beside those before it, in place of what they
    // replace.
    candidate.report = verify(*candidate.image, policy, candidate.signed_by);
    for (const std::string& note : candidate.report.notes) out.notes.push_back(note);
    for (const std::string& refusal : candidate.report.refusals)
      out.refusals.push_back({candidate.file, refusal});
    if (!candidate.report.is_accepted()) continue;
    const Manifest& manifest = *candidate.report.manifest;
    if (std::ranges::find(of_this_push, manifest.name) != of_this_push.end()) {
      out.refusals.push_back({candidate.file, manifest.label() + " refused: another file of this push is " +
                                                  manifest.name + " too; push one of them"});
      continue;
    }
    of_this_push.push_back(manifest.name);
    // In place of what it replaces: a claim that it gives up is free for the files behind it.
    std::erase_if(policy.live,
                  [&](const LiveModule& other) { return other.manifest->name == manifest.name; });
    policy.live.push_back({&manifest, candidate.report.build_id});
  }
  return out.refusals.empty();
}

}  // namespace hotline
