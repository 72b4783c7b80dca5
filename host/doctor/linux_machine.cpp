#include "doctor/linux_machine.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace hotline::doctor {
namespace {

constexpr std::size_t file_bytes_max = 256 * 1024;  // The longest that is asked for is /proc/meminfo.

// Not in linux/magic.h of every release we build on.
constexpr std::uint32_t xfs_magic = 0x58465342, cifs_magic = 0xff534d42, zfs_magic = 0x2fc12fc1;

struct FileSystem {
  std::uint32_t magic;
  const char* name;
  bool is_kept_in_memory = false;
  bool is_remote = false;
};
constexpr std::array file_systems = {
    FileSystem{EXT4_SUPER_MAGIC, "ext4"},
    FileSystem{xfs_magic, "xfs"},
    FileSystem{BTRFS_SUPER_MAGIC, "btrfs"},
    FileSystem{zfs_magic, "zfs"},
    FileSystem{F2FS_SUPER_MAGIC, "f2fs"},
    FileSystem{OVERLAYFS_SUPER_MAGIC, "overlay"},
    FileSystem{TMPFS_MAGIC, "tmpfs", true},
    FileSystem{RAMFS_MAGIC, "ramfs", true},
    FileSystem{NFS_SUPER_MAGIC, "nfs", false, true},
    FileSystem{SMB2_SUPER_MAGIC, "smb2", false, true},
    FileSystem{cifs_magic, "cifs", false, true},
    FileSystem{FUSE_SUPER_MAGIC, "fuse", false, true},
    FileSystem{V9FS_MAGIC, "9p", false, true},
};

// Writes, syncs and removes a file: what the store asks of the disk with each commit.
std::string sync_problem_in(const std::string& directory) {
  std::string path = directory + "/.doctor-XXXXXX";
  const int file = mkostemp(path.data(), O_CLOEXEC);
  if (file < 0) return std::string("cannot write there: ") + std::strerror(errno);
  std::string problem;
  if (write(file, "doctor", 6) != 6 || fdatasync(file) != 0)
    problem = std::string("cannot sync: ") + std::strerror(errno);
  close(file);
  unlink(path.c_str());
  return problem;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm broken{};
  return ASN1_TIME_to_tm(time, &broken) == 1 ? timegm(&broken) : 0;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

std::optional<std::string> LinuxMachine::file(const std::string& path) const {
  const std::unique_ptr<std::FILE, CloseFile> opened(std::fopen(path.c_str(), "re"));
  if (opened == nullptr) return std::nullopt;
  std::string text(file_bytes_max, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), opened.get()));
  if (std::ferror(opened.get()) != 0) return std::nullopt;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<Disk> LinuxMachine::disk(const std::string& directory) const {
  struct statfs kind {};
  struct statvfs room {};
  if (statfs(directory.c_str(), &kind) != 0 || statvfs(directory.c_str(), &room) != 0)
    return Error{directory + ": " + std::strerror(errno)};
  Disk disk;
  disk.free_bytes = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
  const auto magic = static_cast<std::uint32_t>(kind.f_type);
  const auto* const known =
      std::ranges::find_if(file_systems, [&](const FileSystem& each) { return each.magic == magic; });
  if (known != file_systems.end()) {
    disk.type = known->name;
    disk.is_kept_in_memory = known->is_kept_in_memory;
    disk.is_remote = known->is_remote;
  } else {
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "0x%x", magic);
    disk.type = number.data();
  }
  disk.sync_problem = sync_problem_in(directory);
  return disk;
}

Result<CertificateDates> LinuxMachine::certificate(const std::string& path) const {
  const std::unique_ptr<std::FILE, CloseFile> opened(std::fopen(path.c_str(), "re"));
  if (opened == nullptr) return Error{path + ": " + std::strerror(errno)};
  const std::unique_ptr<X509, FreeCertificate> read(PEM_read_X509(opened.get(), nullptr, nullptr, nullptr));
  if (read == nullptr) return Error{path + " holds no certificate in PEM"};
  return CertificateDates{seconds_of(X509_get0_notBefore(read.get())),
                          seconds_of(X509_get0_notAfter(read.get()))};
}

std::int64_t LinuxMachine::now_s() const {
  return std::time(nullptr);
}

}  // namespace hotline::doctor
