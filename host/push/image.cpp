#include "push/image.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/hex.h"
#include "push/descriptor.h"
#include "push/elf_file.h"

namespace hotline {

namespace {

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  check(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
        "SHA-256 is there");
  return to_hex(digest);
}

}  // namespace

Result<Image> Image::read(const std::string& path, std::uint64_t bytes_max) {
  const auto refused = [&](const std::string& why) { return Error{path + " refused: " + why}; };
  // O_NONBLOCK: a pipe in a file's place must not stop the push here.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0)
    return refused(std::string("it cannot be read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refused("it is not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > bytes_max)
    return refused("it has " + std::to_string(status.st_size) + " bytes, more than the " +
                   std::to_string(bytes_max) + " it may have; strip its debug information");
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused(std::string("it cannot be read: ") + std::strerror(errno));
    if (count == 0) return refused("it shrank while it was read; push it again when it is complete");
    done += static_cast<std::size_t>(count);
  }
  return of(path, std::move(bytes));
}

Image Image::of(std::string path, std::vector<std::byte> bytes) {
  return {std::move(path), std::move(bytes)};
}

Image::Image(std::string path, std::vector<std::byte> bytes)
    : path_(std::move(path)), bytes_(std::move(bytes)), digest_(sha256(bytes_)) {}

}  // namespace hotline
