#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace hotline {

namespace {

std::string because(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Closes, and leaves errno as the call before it did.
void close_quietly(int fd) {
  const int code = errno;
  close(fd);
  errno = code;
}

}  // namespace

Result<void> sync_directory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error{because("cannot open " + directory)};
  const bool is_synced = fsync(fd) == 0;
  close_quietly(fd);
  if (!is_synced) return Error{because("cannot sync " + directory)};
  return {};
}

Result<void> write_new_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return Error{because("cannot create " + path)};
  bool is_written = write_all(fd, bytes) && fsync(fd) == 0;
  int code = errno;
  if (close(fd) != 0 && is_written) {
    is_written = false;
    code = errno;
  }
  if (is_written) return {};
  unlink(path.c_str());
  errno = code;
  return Error{because("cannot write " + path)};
}

Result<void> replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string unfinished = path + ".part";
  unlink(unfinished.c_str());  // Of a process that was killed here.
  if (Result<void> written = write_new_file(unfinished, bytes, mode); !written) return written;
  if (rename(unfinished.c_str(), path.c_str()) != 0) {
    const std::string why = because("cannot rename " + unfinished);
    unlink(unfinished.c_str());
    return Error{why};
  }
  const std::size_t slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max) {
  // O_NONBLOCK: a pipe in a file's place must not stop us here.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error{because("cannot open " + path)};
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close_quietly(fd);
    return Error{path + " is not a regular file"};
  }
  // One byte more than it should have: files of /proc say that they have none, and others grow.
  std::string bytes(std::min(static_cast<std::size_t>(status.st_size), bytes_max) + 1, '\0');
  std::size_t size = 0;
  while (size <= bytes_max) {
    if (size == bytes.size()) bytes.resize(std::min(2 * size, bytes_max + 1));
    const ssize_t count = ::read(fd, bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      close_quietly(fd);
      return Error{because("cannot read " + path)};
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  close_quietly(fd);
  if (size > bytes_max)
    return Error{path + " has more than the " + std::to_string(bytes_max) + " bytes it may have"};
  bytes.resize(size);
  return bytes;
}

}  // namespace hotline
