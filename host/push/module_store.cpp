#include "push/module_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/hex.h"
#include "base/whole_file.h"
#include "push/unmap.h"

namespace hotline {

namespace fs = std::filesystem;

namespace {

constexpr int format = 2;                   // Of the lock file.
constexpr std::size_t copies_max = 10'000;  // Of one build.
constexpr std::uintmax_t lock_file_bytes_max = 1 << 20;
constexpr const char* lock_file = "/modules/running.json";

std::string because(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

bool is_build_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 && is_hex(text);
}

bool is_module_directory(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

bool is_below_modules(const std::string& module, const std::string& path) {
  const std::string directory = "modules/" + module + "/";
  return is_module_directory(module) && path.starts_with(directory) &&
         path.find('/', directory.size()) == std::string::npos;
}

std::optional<StoredBuild> parse_build(const nlohmann::json& json, const std::string& module) {
  StoredBuild build;
  const std::array<std::pair<const char*, std::string*>, 4> fields{{{"version", &build.version},
                                                                    {"build_id", &build.build_id},
                                                                    {"sha256", &build.digest},
                                                                    {"path", &build.path}}};
  if (!json.is_object()) return std::nullopt;
  for (const auto& [key, field] : fields) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    *field = found->get<std::string>();
  }
  build.signed_by.name = json.value("signer", std::string());
  build.signed_by.fingerprint = json.value("signer_key", std::string());
  const std::string signature = json.value("signature", std::string());
  if (!signature.empty()) {
    build.signed_by.signature = signature_of_hex(signature);
    if (!build.signed_by.signature) return std::nullopt;
  }
  const auto left = json.find("left");
  build.was_left = left != json.end() && left->is_boolean() && left->get<bool>();
  if (!is_below_modules(module, build.path) || !is_build_id(build.build_id)) return std::nullopt;
  return build;
}

// Format 1 had the current build alone, and its fields beside the module's name.
std::optional<RunningModule> parse_module(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("module") || !json["module"].is_string()) return std::nullopt;
  RunningModule module{.module = json["module"].get<std::string>(), .builds = {}, .at = 0};
  const auto builds = json.find("builds");
  const auto add = [&module](const nlohmann::json& build) {
    const std::optional<StoredBuild> parsed = parse_build(build, module.module);
    if (parsed) module.builds.push_back(*parsed);
    return parsed.has_value();
  };
  if (builds == json.end()) return add(json) ? std::optional(module) : std::nullopt;
  if (!builds->is_array() || builds->empty() || !json.contains("at") || !json["at"].is_number_unsigned())
    return std::nullopt;
  module.at = json["at"].get<std::size_t>();
  const auto disabled = json.find("disabled");
  module.is_disabled = disabled != json.end() && disabled->is_boolean() && disabled->get<bool>();
  if (module.at >= builds->size() || !std::all_of(builds->begin(), builds->end(), add)) return std::nullopt;
  return module;
}

nlohmann::json to_json(const StoredBuild& build) {
  const SignedBy& by = build.signed_by;
  return {{"version", build.version},     {"build_id", build.build_id},
          {"sha256", build.digest},       {"signer", by.name},
          {"signer_key", by.fingerprint}, {"signature", by.signature ? hex_of(*by.signature) : ""},
          {"path", build.path},           {"left", build.was_left}};
}

// "…/5f2c.3.so" is copy 3 of "…/5f2c", "…/5f2c.so" copy 0.
std::pair<std::string, std::size_t> copy_of(const std::string& path) {
  const fs::path stem = fs::path(path).replace_extension();
  const std::string number = stem.extension().string();
  std::size_t copy = 0;
  if (number.size() < 2 ||
      std::from_chars(number.data() + 1, number.data() + number.size(), copy).ec != std::errc{})
    return {stem.string(), 0};
  return {fs::path(stem).replace_extension().string(), copy};
}

}  // namespace

Result<ModuleStore> ModuleStore::open(const std::string& state_dir) {
  std::error_code code;
  fs::create_directories(state_dir + "/modules", code);
  if (code) return Error{"cannot make " + state_dir + "/modules: " + code.message()};
  const fs::path canonical = fs::canonical(state_dir, code);
  if (code) return Error{"cannot resolve " + state_dir + ": " + code.message()};
  struct stat status {};
  if (stat((canonical.string() + "/modules").c_str(), &status) != 0)
    return Error{because("cannot look at " + canonical.string() + "/modules")};
  if ((status.st_mode & S_IWOTH) != 0)
    return Error{canonical.string() + "/modules can be written by everybody; chmod o-w it"};
  return ModuleStore(canonical.string());
}

std::string ModuleStore::relative(const std::string& path) const {
  return path.starts_with(state_dir_ + "/") ? path.substr(state_dir_.size() + 1) : path;
}

// A path that this store gave out, or that the process has an image of: from a store before this one (a host
// that was restarted within a test, say) or because the image could not be unloaded. Its file may have gone.
bool ModuleStore::is_used(const std::string& path) const {
  const auto [build, copy] = copy_of(path);
  const auto next = next_copy_.find(build);
  return (next != next_copy_.end() && copy < next->second) || look_for(path).any();
}

void ModuleStore::given_out(const std::string& path) {
  const auto [build, copy] = copy_of(path);
  std::size_t& next = next_copy_[build];
  next = std::max(next, copy + 1);
}

Result<std::string> ModuleStore::add(const Image& image, std::string_view name, std::string_view build_id) {
  if (!is_module_directory(name) || !is_build_id(build_id))
    return Error{"`" + std::string(name) + "` with build id `" + std::string(build_id) +
                 "` cannot be stored: neither may name a file"};
  const std::string directory = state_dir_ + "/modules/" + std::string(name);
  std::error_code code;
  const bool is_new_directory = fs::create_directory(directory, code);
  if (code) return Error{"cannot make " + directory + ": " + code.message()};
  if (is_new_directory) {
    const Result<void> synced = sync_directory(state_dir_ + "/modules");
    if (!synced) return synced.error();
  }

  const std::string unfinished = directory + "/" + std::string(build_id) + ".part";
  unlink(unfinished.c_str());  // Of a process that was killed here.
  const std::string_view bytes(reinterpret_cast<const char*>(image.bytes().data()), image.bytes().size());
  const Result<void> written = write_new_file(unfinished, bytes, 0400);
  if (!written) return written.error();

  const std::string build = directory + "/" + std::string(build_id);
  const auto next = next_copy_.find(build);
  const std::size_t first = next == next_copy_.end() ? 0 : next->second;
  for (std::size_t copy = first; copy < first + copies_max; ++copy) {
    const std::string path = build + (copy == 0 ? "" : "." + std::to_string(copy)) + ".so";
    if (is_used(path)) continue;
    if (renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) continue;
      const std::string why = because("cannot rename " + unfinished);
      unlink(unfinished.c_str());
      return Error{why};
    }
    given_out(path);
    const Result<void> synced = sync_directory(directory);
    if (!synced) return synced.error();
    return path;
  }
  unlink(unfinished.c_str());
  return Error{"there are " + std::to_string(copies_max) + " copies of build " + std::string(build_id) +
               " in " + directory + "; restart the host and remove them"};
}

Result<std::string> ModuleStore::take(const std::string& module, const StoredBuild& build) {
  const std::string path = state_dir_ + "/" + build.path;
  const Result<Image> image = Image::read(path);
  if (!image) return image.error();
  if (image->digest() != build.digest)
    return Error{path + " refused: its digest is " + image->digest() + ", the running set says " +
                 build.digest + "; push " + module + " " + build.version + " again"};
  if (is_used(path)) return add(*image, module, build.build_id);
  given_out(path);
  return path;
}

Result<std::vector<RunningModule>> ModuleStore::running() const {
  const std::string path = state_dir_ + lock_file;
  std::error_code code;
  const std::uintmax_t size = fs::file_size(path, code);
  if (code == std::errc::no_such_file_or_directory) return std::vector<RunningModule>{};
  if (code) return Error{"cannot look at " + path + ": " + code.message()};
  if (size > lock_file_bytes_max)
    return Error{path + " has " + std::to_string(size) + " bytes, more than the " +
                 std::to_string(lock_file_bytes_max) + " a running set may have"};
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto damaged = [&](const std::string& what) {
    return Error{path + " is damaged: " + what + "; move it away to start without modules, then push them"};
  };
  if (!json.is_object() || !json.contains("format") || !json.contains("modules") ||
      !json["modules"].is_array())
    return damaged("it is no running set");
  if (json["format"] != format && json["format"] != 1)
    return damaged("its format is " + json["format"].dump() + ", this host writes " + std::to_string(format));
  if (json["modules"].size() > running_max)
    return damaged("it has more than " + std::to_string(running_max) + " modules");
  std::vector<RunningModule> set;
  for (const auto& entry : json["modules"]) {
    std::optional<RunningModule> module = parse_module(entry);
    if (!module) return damaged("module " + std::to_string(set.size() + 1) + " of it is not one");
    const auto is_same = [&](const RunningModule& other) { return other.module == module->module; };
    if (std::ranges::any_of(set, is_same)) return damaged("it has " + module->module + " twice");
    set.push_back(std::move(*module));
  }
  return set;
}

Result<void> ModuleStore::set_running(std::span<const RunningModule> set) {
  nlohmann::json modules = nlohmann::json::array();
  for (const RunningModule& module : set) {
    nlohmann::json builds = nlohmann::json::array();
    for (const StoredBuild& build : module.builds) builds.push_back(to_json(build));
    modules.push_back({{"module", module.module}, {"at", module.at}, {"builds", std::move(builds)}});
    if (module.is_disabled) modules.back()["disabled"] = true;
  }
  const nlohmann::json json{{"format", format}, {"modules", std::move(modules)}};
  const std::string path = state_dir_ + lock_file;
  const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return replace_file(path, text, 0600);
}

Result<std::size_t> ModuleStore::remove_unused(const std::set<std::string>& in_use) {
  const Result<std::vector<RunningModule>> set = running();
  if (!set) return set.error();
  std::set<std::string> kept = in_use;
  for (const RunningModule& module : *set)
    for (const StoredBuild& build : module.builds) kept.insert(state_dir_ + "/" + build.path);
  std::size_t removed = 0;
  std::error_code code;
  for (fs::directory_iterator directories(state_dir_ + "/modules", code), end; !code && directories != end;
       directories.increment(code)) {
    if (!directories->is_directory(code) || !is_module_directory(directories->path().filename().string()))
      continue;
    for (fs::directory_iterator files(directories->path(), code); !code && files != fs::directory_iterator();
         files.increment(code)) {
      const fs::path& path = files->path();
      // What is not named as ours is somebody else's.
      const bool is_ours = path.extension() == ".so" || path.extension() == ".part";
      const std::string name = path.filename().string();
      if (!is_ours || !is_build_id(name.substr(0, name.find('.'))) || kept.contains(path.string())) continue;
      if (unlink(path.c_str()) == 0) ++removed;
    }
  }
  if (code) return Error{"cannot list " + state_dir_ + "/modules: " + code.message()};
  return removed;
}

}  // namespace hotline
