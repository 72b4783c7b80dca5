#include "state/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

namespace hotline {
namespace {

Error file_problem(const std::string& path, std::string_view what) {
  return {"store " + path + ": " + std::string(what) + ": " + std::strerror(errno)};
}

Result<void> make_directory(const std::filesystem::path& directory, const std::string& path) {
  std::error_code code;
  if (std::filesystem::create_directories(directory, code))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, code);
  if (code) return Error{"store " + path + ": its directory cannot be made: " + code.message()};
  return {};
}

// An empty file, which SQLite takes for an empty database; it gives -wal and -shm the same mode.
Result<void> make_file(const std::filesystem::path& directory, const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return file_problem(path, "cannot be opened for writing");
  ::close(file);
  // The name of the file must be as safe as what is in it.
  const int parent = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_safe = parent >= 0 && ::fsync(parent) == 0;
  if (parent >= 0) ::close(parent);
  if (!is_safe) return file_problem(path, "its directory cannot be written to disk");
  return {};
}

}  // namespace

Result<StoreLock> StoreLock::take(const std::string& path, std::uint32_t wait_ms) {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::absolute(path, error).parent_path();
  if (error) return Error{path + " can not be found: " + error.message()};
  if (auto made = make_directory(directory, path); !made) return made.error();
  StoreLock lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.descriptor_ < 0) return file_problem(path, "its lock file cannot be made");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= give_up) {
      return Error{"store " + path +
                   " is in use by another host; stop that one, or give this one its own --state"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  // Under the lock: closing any descriptor of a database lets go of all that SQLite has locked in it for this
  // process.
  if (auto made = make_file(directory, path); !made) return made.error();
  return lock;
}

StoreLock::~StoreLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace hotline
