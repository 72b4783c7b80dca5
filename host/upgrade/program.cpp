#include "upgrade/program.h"

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

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
constexpr const char* confine_name = "hotline-confine";

// A program that a hotlined starts from its own directory: it goes where that one goes.
struct Companion {
  const char* name;
  Image image;
};

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

// The companions that are in that directory. Without a preflight that is switched on there is no program;
// whether it can do without hotline-confine its own configuration says, when it starts.
Result<std::vector<Companion>> companions_in(const fs::path& directory, const ProgramPolicy& policy) {
  std::vector<Companion> all;
  for (const auto& [name, is_needed] :
       {std::pair(preflight_name, policy.needs_preflight), std::pair(confine_name, false)}) {
    std::error_code error;
    if (!is_needed && !fs::exists(directory / name, error)) continue;
    Result<Image> read = read_program((directory / name).string());
    if (!read && is_needed)
      return Error{
          read.error().message +
          "; a hotlined goes with its own hotline-preflight, beside it, or say `push.preflight: false`"};
    if (!read) return read.error();
    all.push_back({name, std::move(*read)});
  }
  return all;
}

Result<Program> kept(const Image& image, const std::vector<Companion>& companions,
                     const ProgramPolicy& policy, Program program) {
  Result<std::string> build_id = program_build_id(image);
  if (!build_id) return build_id.error();
  program.build_id = std::move(*build_id);
  program.digest = image.digest();
  const std::string directory = directory_of(policy, image.digest());
  Result<std::string> stored = store(image, directory, program_name);
  if (!stored) return stored.error();
  program.file = std::move(*stored);
  for (const Companion& each : companions)
    if (Result<std::string> beside = store(each.image, directory, each.name); !beside) return beside.error();
  return program;
}

// Whether it may be a hotlined at all: what is asked of it says for sure, later.
bool names_itself(const Image& image) {
  const std::span<const std::byte> bytes = image.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find(program_name) != std::string_view::npos;
}

}  // namespace

Result<Program> verify_program(const std::string& file, const ProgramPolicy& policy, const Formats& ours) {
  Result<Image> image = read_program(file);
  if (!image) return image.error();
  Program program;
  Result<std::string> signer = signer_of_file(*image, policy, program.notes);
  if (!signer) return signer.error();
  program.signer = std::move(*signer);
  Result<std::vector<Companion>> companions = companions_in(fs::path(file).parent_path(), policy);
  if (!companions && !names_itself(*image))
    return refused(file, "it is no hotlined; build or install one, and give that file");
  if (!companions) return companions.error();
  for (const Companion& each : *companions)
    if (Result<std::string> its = signer_of_file(each.image, policy, program.notes); !its) return its.error();
  Result<Program> stored = kept(*image, *companions, policy, std::move(program));
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
  Result<std::vector<Companion>> companions = companions_in(fs::path(path).parent_path(), policy);
  if (!companions) return companions.error();
  Result<Program> stored = kept(*image, *companions, policy, Program{});
  if (!stored) return stored.error();
  stored->formats = ours;
  stored->version = ours.version;
  return stored;
}

Result<Program> stored_program(const std::string& digest, const ProgramPolicy& policy, const Formats& ours) {
  const std::string directory = directory_of(policy, digest);
  const std::string file = directory + "/" + program_name;
  if (digest.empty()) return Error{"there was no program before this one"};
  if (!is_hex(digest)) return Error{"no program is called " + digest};
  Result<Image> image = read_program(file);
  if (!image) return image.error();
  if (image->digest() != digest) return refused(file, "it was changed since it was stored");
  Result<std::vector<Companion>> companions = companions_in(directory, policy);
  if (!companions) return companions.error();
  Result<Program> stored = kept(*image, *companions, policy, Program{});
  if (!stored) return stored.error();
  return asked(std::move(*stored), file, ours);
}

}  // namespace hotline
