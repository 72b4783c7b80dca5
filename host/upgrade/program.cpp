#include "upgrade/program.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "base/hex.h"
#include "base/whole_file.h"
#include "push/image.h"
#include "upgrade/program_file.h"
#include "upgrade/program_run.h"

namespace hotline {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds answer_patience{5'000};
constexpr mode_t program_mode = 0500;
constexpr const char* program_name = "hotlined";
constexpr const char* preflight_name = "hotline-preflight";

Error refused(const std::string& file, const std::string& why) {
  return {file + " refused: " + why};
}

std::string_view text_of(const Image& image) {
  return {reinterpret_cast<const char*>(image.bytes().data()), image.bytes().size()};
}

// The signature beside the file, or where that is allowed and there is none, this host's development key's.
Result<std::string> signer_of_file(const Image& image, const ProgramPolicy& policy,
                                   std::vector<std::string>& notes) {
  const TrustStore trust(policy.state_dir);
  Result<std::optional<Signature>> signature = read_signature_of(image.path());
  if (!signature) return refused(image.path(), signature.error().message);
  if (!*signature && policy.requires_signature && policy.allows_development_key) {
    if (Result<SigningKey> key = trust.development_key()) {
      *signature = key->sign(image.bytes());
      notes.push_back(image.path() +
                      " was not signed; this host has signed it with its development key "
                      "(`push.allow_development_key`)");
    }
  }
  if (!*signature) {
    if (!policy.requires_signature) return std::string();
    return refused(
        image.path(),
        "it is not signed; sign it with `hotline sign`, with a key that `hotline trust list` shows");
  }
  Result<std::vector<TrustedKey>> keys = trust.keys();
  if (!keys) return refused(image.path(), keys.error().message);
  const TrustedKey* const signer = signer_of(image.bytes(), **signature, *keys);
  if (signer == nullptr)
    return refused(
        image.path(),
        "no key that this host trusts has signed these bytes so: the file was changed after it was "
        "signed, its .sig is another file's, or the signer is not trusted (`hotline trust list`)");
  if (signer->is_development && !policy.allows_development_key)
    return refused(image.path(),
                   "it is signed with the development key of this host, and `push.allow_development_key` "
                   "forbids that; sign it with a key of yours");
  return signer->name;
}

// A file that is there already is the same: it is named by its digest.
Result<std::string> store(const Image& image, const std::string& directory, const char* name) {
  const std::string path = directory + "/" + name;
  if (const Result<std::string> kept = read_whole_file(path, image.bytes().size());
      kept && *kept == text_of(image))
    return path;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return Error{directory + " can not be made: " + error.message()};
  if (Result<void> written = replace_file(path, text_of(image), program_mode); !written)
    return written.error();
  return path;
}

std::string directory_of(const ProgramPolicy& policy, const std::string& digest) {
  return policy.state_dir + "/core/" + digest;
}

// Its self-check, and what we have in common.
Result<Program> asked(Program program, const std::string& called, const Formats& ours) {
  Result<std::string> said = ask_program(program.file, {"--check-upgrade"}, answer_patience);
  if (!said) return refused(called, "it " + said.error().message);
  Result<Formats> formats = read_formats(*said);
  if (!formats) return refused(called, "it " + formats.error().message);
  program.formats = std::move(*formats);
  program.version = program.formats.version;
  const std::vector<std::string> wrong = clashes(ours, program.formats);
  if (wrong.empty()) return program;
  std::string all;
  for (const std::string& each : wrong) all.append(all.empty() ? "" : "; ").append(each);
  return refused(called, all);
}

// This very process, where an upgrade has started it from what it had stored. Whoever goes back to it looks
// at its bytes.
std::optional<Program> kept_already(const ProgramPolicy& policy) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const fs::path directory = self.parent_path();
  const fs::path core = fs::canonical(policy.state_dir + "/core", error);
  if (error || self.filename() != program_name || directory.parent_path() != core || !fs::exists(self, error))
    return std::nullopt;
  Program program;
  program.digest = directory.filename().string();
  if (!is_hex(program.digest)) return std::nullopt;
  program.file = self.string();
  return program;
}

// The preflight program of that directory; none where there is no preflight.
Result<std::optional<Image>> preflight_in(const std::string& directory, const ProgramPolicy& policy) {
  if (!policy.needs_preflight) return std::optional<Image>();
  Result<Image> read = read_program(directory + "/" + preflight_name);
  if (!read)
    return Error{
        read.error().message +
        "; a hotlined goes with its own hotline-preflight, beside it, or say `push.preflight: false`"};
  return std::optional<Image>(std::move(*read));
}

Result<Program> kept(const Image& image, const std::optional<Image>& preflight, const ProgramPolicy& policy,
                     Program program) {
  Result<std::string> build_id = program_build_id(image);
  if (!build_id) return build_id.error();
  program.build_id = std::move(*build_id);
  program.digest = image.digest();
  const std::string directory = directory_of(policy, image.digest());
  Result<std::string> stored = store(image, directory, program_name);
  if (!stored) return stored.error();
  program.file = std::move(*stored);
  if (preflight)
    if (Result<std::string> beside = store(*preflight, directory, preflight_name); !beside)
      return beside.error();
  return program;
}

}  // namespace

Result<Program> verify_program(const std::string& file, const ProgramPolicy& policy, const Formats& ours) {
  Result<Image> image = read_program(file);
  if (!image) return image.error();
  Program program;
  Result<std::string> signer = signer_of_file(*image, policy, program.notes);
  if (!signer) return signer.error();
  program.signer = std::move(*signer);
  Result<std::optional<Image>> preflight = preflight_in(fs::path(file).parent_path().string(), policy);
  if (!preflight) return preflight.error();
  if (*preflight)
    if (Result<std::string> its = signer_of_file(**preflight, policy, program.notes); !its)
      return its.error();
  Result<Program> stored = kept(*image, *preflight, policy, std::move(program));
  if (!stored) return stored.error();
  return asked(std::move(*stored), file, ours);
}

Result<Program> store_own_program(const ProgramPolicy& policy, const Formats& ours) {
  if (std::optional<Program> kept = kept_already(policy)) {
    kept->formats = ours;
    kept->version = ours.version;
    return std::move(*kept);
  }
  // What runs, also where its file was replaced or removed.
  Result<Image> image = read_program("/proc/self/exe");
  if (!image) return image.error();
  std::error_code error;
  std::string path = fs::read_symlink("/proc/self/exe", error).string();
  if (const std::size_t gone = path.rfind(" (deleted)"); gone != std::string::npos) path.resize(gone);
  Result<std::optional<Image>> preflight = preflight_in(fs::path(path).parent_path().string(), policy);
  if (!preflight) return preflight.error();
  Result<Program> stored = kept(*image, *preflight, policy, Program{});
  if (!stored) return stored.error();
  stored->formats = ours;
  stored->version = ours.version;
  return stored;
}

Result<Program> stored_program(const std::string& digest, const ProgramPolicy& policy, const Formats& ours) {
  const std::string directory = directory_of(policy, digest);
  const std::string file = directory + "/" + program_name;
  if (digest.empty() || !is_hex(digest)) return Error{"no program is called " + digest};
  Result<Image> image = read_program(file);
  if (!image) return image.error();
  if (image->digest() != digest) return refused(file, "it was changed since it was stored");
  Result<std::optional<Image>> preflight = preflight_in(directory, policy);
  if (!preflight) return preflight.error();
  Result<Program> stored = kept(*image, *preflight, policy, Program{});
  if (!stored) return stored.error();
  return asked(std::move(*stored), file, ours);
}

}  // namespace hotline
