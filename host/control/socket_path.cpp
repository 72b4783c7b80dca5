#include "control/socket_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hotline {
namespace {

constexpr std::size_t address_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

Error system_error(int error) {
  return Error{std::strerror(error)};
}

}  // namespace

Result<SocketPath> SocketPath::open(const std::string& path) {
  if (path.size() <= address_bytes_max) return SocketPath(path, -1);
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const int fd = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error(errno);
  SocketPath opened("/proc/self/fd/" + std::to_string(fd) + "/" + name, fd);
  if (opened.address_.size() > address_bytes_max) return system_error(ENAMETOOLONG);
  return opened;
}

SocketPath::SocketPath(SocketPath&& other) noexcept
    : address_(std::move(other.address_)), directory_(std::exchange(other.directory_, -1)) {}

SocketPath::~SocketPath() {
  if (directory_ >= 0) ::close(directory_);
}

namespace {

// A socket that `use` (connect or bind) was called on.
Result<int> unix_socket(const std::string& path, int (*use)(int, const sockaddr*, socklen_t)) {
  const Result<SocketPath> socket_path = SocketPath::open(path);
  if (!socket_path) return socket_path.error();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path->address().c_str(), socket_path->address().size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error(errno);
  if (use(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(fd);
    return system_error(error);
  }
  return fd;
}

}  // namespace

Result<int> connect_unix_socket(const std::string& path) {
  return unix_socket(path, ::connect);
}

Result<int> bind_unix_socket(const std::string& path) {
  Result<int> bound = unix_socket(path, ::bind);
  if (!bound || ::chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0) return bound;
  const int error = errno;
  ::close(*bound);
  ::unlink(path.c_str());
  return system_error(error);
}

}  // namespace hotline
