// The archiver: FileStore::archive() moves old files to slower storage, perhaps another file system, name by
// name.
//
//     1 copy     ARCHIVE/MODULE/ab/cd/NAME.part, synced       killed: a part; the next round begins it anew
//     2 switch   it gets its name, its folder is synced       killed: in both; the next round copies it again
//     3 unlink   the name here goes, its bytes with the last  killed: bytes without a name, which are
//     reclaimed
//
// Whoever reads looks here first and then there, so a file is found in every state. Whoever erases does so in
// both places, here first, and step 2 is followed by a look whether the name is still here: a file that is
// erased while it is copied leaves nothing. What is left all the same, list() tells of, as of every stranded
// file. The same bytes are there once, as they are here (IncomingFile::finish).
//
// Threads: one of its own, below the others: slow storage holds up no transfer.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "state/file_store.h"

namespace hotline {

namespace {

constexpr std::int64_t rest_s = 60;  // Of an archive that takes nothing.

// Not std::time(): it is read off the last tick, and would be behind the times that Linux gives files.
std::int64_t now_s() {
  return static_cast<std::int64_t>(SystemClock().wall_ms() / 1000);
}

}  // namespace

std::vector<std::string> FileStore::old_files(const std::string& module, const std::string& of,
                                              std::uint64_t age_s) const {
  std::vector<std::string> names;
  DIR* directory = opendir(folder(module, of).c_str());
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    struct stat facts {};
    if (!is_name(entry->d_name) || fstatat(dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    const std::int64_t idle_s = now_s() - facts.st_mtim.tv_sec;
    if (S_ISREG(facts.st_mode) && idle_s >= 0 && static_cast<std::uint64_t>(idle_s) >= age_s)
      names.emplace_back(entry->d_name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

FileStore::Archived FileStore::archive(const std::string& module, const std::string& of,
                                       std::uint64_t age_s) {
  Archived done;
  if (archive_ == nullptr || archive_rests_until_s_ > now_s()) return done;
  for (const std::string& name : old_files(module, of, age_s)) {
    const Result<std::uint64_t> bytes = move_to_archive(module, name);
    if (is_ending_) break;
    if (!bytes) {
      done.is_all = false;
      archive_rests_until_s_ = now_s() + rest_s;
      log::warning("files.not-archived", {{"why", bytes.error().message}});
      break;
    }
    if (*bytes == 0) continue;
    ++done.files;
    done.bytes += *bytes;
  }
  return done;
}

// 0: it went meanwhile.
Result<std::uint64_t> FileStore::move_to_archive(const std::string& module, const std::string& name) {
  const int here = ::open(path(module, name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat facts {};
  if (here < 0) return std::uint64_t{0};
  if (fstat(here, &facts) != 0) {
    close(here);
    return std::uint64_t{0};
  }
  const OutgoingFile file(here, static_cast<std::uint64_t>(facts.st_size));
  // As long as it has its name here, what is there is of an attempt that did not come to its end: it is
  // replaced.
  const Result<std::string> digest = archive_->put(module, name, file);
  const bool is_gone = access(path(module, name).c_str(), F_OK) != 0;
  if (!digest || is_gone) {
    archive_->erase_here(module, name, digest ? *digest : std::string());
    if (is_gone) return std::uint64_t{0};
    return digest.error();
  }
  erase_here(module, name, *digest);
  return file.bytes();
}

}  // namespace hotline
