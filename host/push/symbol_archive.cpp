#include "push/symbol_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "base/hex.h"
#include "base/whole_file.h"
#include "push/elf_file.h"

namespace hotline {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t prefix_size = 2;  // Of the id, as the directory.
constexpr std::size_t id_size_min = 4;  // To find a build by.
constexpr std::string_view debug_ending = ".debug";

Error archive_failed(const std::string& path) {
  return Error{"cannot keep the symbols of a build in " + path + ": " + std::strerror(errno)};
}

Result<void> link_or_copy(const std::string& file, const std::string& path) {
  if (link(file.c_str(), path.c_str()) == 0) return {};
  if (errno != EXDEV && errno != EMLINK && errno != EPERM) return archive_failed(path);
  const Result<std::string> bytes = read_whole_file(file, ElfFile::file_bytes_max);
  if (!bytes) return bytes.error();
  return write_new_file(path, *bytes, 0400);
}

}  // namespace

std::string SymbolArchive::path_of(const std::string& build_id) const {
  return root_ + "/.build-id/" + build_id.substr(0, prefix_size) + "/" + build_id.substr(prefix_size) +
         std::string(debug_ending);
}

Result<void> SymbolArchive::keep(const std::string& file, const std::string& build_id) const {
  if (builds_max_ == 0) return {};
  if (build_id.size() < id_size_min || !is_hex(build_id))
    return Error{"`" + build_id + "` is no build id: its symbols are not kept"};
  const std::string path = path_of(build_id);
  std::error_code code;
  fs::create_directories(fs::path(path).parent_path(), code);
  if (code) return Error{"cannot make " + fs::path(path).parent_path().string() + ": " + code.message()};
  // The same build is the same bytes, but the store's newest copy is the one that stays the longest.
  unlink(path.c_str());
  if (Result<void> kept = link_or_copy(file, path); !kept) return kept;
  std::array<timespec, 2> now{};  // Finer than the system's own, which two builds may share.
  clock_gettime(CLOCK_REALTIME, now.data());
  now[1] = now[0];
  if (utimensat(AT_FDCWD, path.c_str(), now.data(), 0) != 0) return archive_failed(path);
  const std::vector<Build> all = builds();
  for (std::size_t i = 0; i + builds_max_ < all.size(); ++i) {
    unlink(all[i].path.c_str());
    rmdir(fs::path(all[i].path).parent_path().c_str());  // Unless others are there.
  }
  return {};
}

std::vector<SymbolArchive::Build> SymbolArchive::builds() const {
  std::vector<Build> all;
  std::error_code code;
  for (fs::directory_iterator directories(root_ + "/.build-id", code), end; !code && directories != end;
       directories.increment(code)) {
    const std::string begin = directories->path().filename().string();
    if (begin.size() != prefix_size || !is_hex(begin)) continue;
    std::error_code ignored;
    for (const fs::directory_entry& file : fs::directory_iterator(directories->path(), ignored)) {
      const std::string name = file.path().filename().string();
      struct stat status {};
      if (!name.ends_with(debug_ending) || stat(file.path().c_str(), &status) != 0) continue;
      all.push_back({begin + name.substr(0, name.size() - debug_ending.size()), file.path().string(),
                     status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec});
    }
  }
  std::ranges::sort(all, {}, [](const Build& build) { return std::pair(build.kept_ns, build.id); });
  return all;
}

std::map<std::string, std::string> SymbolArchive::beginning(std::string_view build_id) const {
  std::map<std::string, std::string> found;
  for (const Build& build : builds())
    if (build.id.starts_with(build_id)) found.emplace(build.id, build.path);
  return found;
}

Result<std::string> SymbolArchive::find(std::string_view build_id) const {
  if (build_id.size() < id_size_min || !is_hex(build_id))
    return Error{"`" + std::string(build_id) + "` is no build id: at least " + std::to_string(id_size_min) +
                 " hexadecimal digits, as `hotline modules` shows them"};
  std::string found;
  for (const Build& build : builds()) {
    if (!build.id.starts_with(build_id)) continue;
    if (!found.empty())
      return Error{"several builds begin with " + std::string(build_id) + "; give more of the build id"};
    found = build.path;
  }
  if (found.empty())
    return Error{"no symbols of build " + std::string(build_id) + " in " + root_ +
                 ": it was never loaded there, or has gone for newer ones (`push.keep_symbols`)"};
  return found;
}

}  // namespace hotline
