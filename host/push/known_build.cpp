#include "push/known_build.h"

#include <filesystem>
#include <map>
#include <optional>

#include "base/hex.h"
#include "push/blocklist.h"
#include "push/symbol_archive.h"
#include "push/verify.h"

namespace hotline {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t whole_digits_min = 16;  // The shortest id that a linker makes; --build-id=sha1 has 40.

// By id, a file of each. Those of the archive first: a module's own file takes their place.
std::map<std::string, std::string> builds_beginning(const std::string& state_dir, const std::string& text) {
  std::map<std::string, std::string> found = SymbolArchive(state_dir, 0).beginning(text);
  std::error_code code;
  for (fs::directory_iterator modules(state_dir + "/modules", code), end; !code && modules != end;
       modules.increment(code)) {
    std::error_code ignored;  // Of running.json, which is no directory.
    for (fs::directory_iterator files(modules->path(), ignored); !ignored && files != end;
         files.increment(ignored)) {
      const std::string name = files->path().filename().string();
      const std::string id = name.substr(0, name.find('.'));  // <build-id>.so, <build-id>.1.so
      if (name.ends_with(".so") && is_hex(id) && id.starts_with(text)) found[id] = files->path().string();
    }
  }
  return found;
}

}  // namespace

Result<KnownBuild> build_of(const std::string& state_dir, const std::string& text) {
  if (Result<void> is_one = Blocklist::check_id(text); !is_one) return is_one.error();
  const std::map<std::string, std::string> found = builds_beginning(state_dir, text);
  if (found.empty() && text.size() < whole_digits_min)
    return Error{"no build that was loaded on this host begins with " + text +
                 ": give the whole build id to block one that was not"};
  if (found.empty()) return KnownBuild{text, {}, {}};
  if (found.size() > 1 && !found.contains(text))
    return Error{std::to_string(found.size()) + " builds begin with " + text + ": give more digits"};
  const auto& [id, file] = found.contains(text) ? *found.find(text) : *found.begin();
  KnownBuild build{id, {}, {}};
  const Result<Image> image = Image::read(file);
  const std::optional<Manifest> manifest =
      image ? verify(*image, VerifyPolicy::of_host({})).manifest : std::nullopt;
  if (manifest) {
    build.module = manifest->name;
    build.version = manifest->version.text();
  }
  return build;
}

}  // namespace hotline
