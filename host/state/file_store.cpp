#include "state/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/hex.h"
#include "base/whole_file.h"

namespace hotline {

namespace {

constexpr std::size_t name_bytes_min = 16;
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t folder_digits = 4;
constexpr std::size_t digest_digits = 64;
constexpr std::uint64_t write_back_bytes = std::uint64_t{4} << 20;
constexpr std::size_t copy_bytes = std::size_t{256} << 10;
constexpr std::string_view part_suffix = ".part";
constexpr std::string_view objects_folder = "/objects";
constexpr mode_t file_mode = 0600;
constexpr mode_t folder_mode = 0700;

std::string file_error(std::string_view what, const std::string& path) {
  return std::string(what) + " " + path + ": " + std::strerror(errno);
}

std::string part_of(const std::string& path) {
  return path + std::string(part_suffix);
}

Result<void> make_directory(const std::string& path) {
  if (mkdir(path.c_str(), folder_mode) == 0)
    return sync_directory(path.substr(0, path.rfind('/')));  // Else a crash takes it, and what is in it.
  if (errno == EEXIST) return {};
  return Error{file_error("cannot make", path)};
}

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// Its bytes came again: they are archived later. A time that is not set is an old one, which does no harm.
void become_young(const std::string& path) {
  static_cast<void>(utimensat(AT_FDCWD, path.c_str(), nullptr, 0));
}

// The two folders of what is called so.
std::string folders_of(std::string_view name) {
  return std::string("/").append(name.substr(0, 2)).append("/").append(name.substr(2, 2));
}

}  // namespace

struct IncomingFile::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void add(std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context, out.data(), &size);
    return to_hex({out.data(), size});
  }
};

Result<std::unique_ptr<FileStore>> FileStore::open(const std::string& directory,
                                                   const std::string& archive_directory) {
  if (Result<void> made = make_directory(directory); !made) return made.error();
  auto store = std::unique_ptr<FileStore>(new FileStore(directory));
  if (archive_directory.empty()) return store;
  struct stat facts {};
  if (stat(archive_directory.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode))
    return Error{"the archive " + archive_directory + " is no directory: mount its storage, or make it"};
  store->archive_ = std::unique_ptr<FileStore>(new FileStore(archive_directory));
  return store;
}

bool FileStore::is_name(std::string_view name) {
  return name.size() >= name_bytes_min && name.size() <= name_bytes_max && is_hex(name);
}

bool FileStore::is_folder(std::string_view folder) {
  return folder.size() == folder_digits && is_hex(folder);
}

std::string FileStore::folder(std::string_view module, std::string_view name) const {
  return directory_ + "/" + std::string(module) + folders_of(name);
}

std::string FileStore::path(const std::string& module, const std::string& name) const {
  return folder(module, name) + "/" + name;
}

std::string FileStore::object_path(const std::string& module, const std::string& digest) const {
  return directory_ + "/" + module + std::string(objects_folder) + folders_of(digest) + "/" + digest;
}

// All folders of this path that are not there.
Result<void> FileStore::make_folder(const std::string& path) const {
  for (std::size_t end = path.find('/', directory_.size() + 1); end != std::string::npos;
       end = path.find('/', end + 1))
    if (Result<void> made = make_directory(path.substr(0, end)); !made) return made;
  return {};
}

bool FileStore::take(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return receiving_.insert(path).second;
}

void FileStore::give_back(const std::string& path) {
  const std::lock_guard lock(mutex_);
  receiving_.erase(path);
}

FileStore::Found FileStore::receive(const std::string& module, const std::string& name, std::uint64_t offset,
                                    std::uint64_t size) {
  Found found;
  const std::string whole = path(module, name);
  if (!take(whole)) {
    found.kind = Found::Kind::busy;
    return found;
  }
  const auto failed = [&](std::string why) {
    found.why = std::move(why);
    return std::move(found);
  };
  auto file = std::make_unique<IncomingFile>(*this, module, whole, -1);  // Gives it back.
  if (Result<void> made = make_folder(whole); !made) return failed(made.error().message);
  // Whole already, and its module does not know: the process died between both.
  if (rename(whole.c_str(), part_of(whole).c_str()) != 0 && errno != ENOENT)
    return failed(file_error("cannot open", whole));
  file->file_ = ::open(part_of(whole).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode);
  struct stat facts {};
  if (file->file_ < 0 || fstat(file->file_, &facts) != 0) return failed(file_error("cannot open", whole));
  auto there = static_cast<std::uint64_t>(facts.st_size);
  // Begun anew, or of another size than was agreed.
  if (there != size && (offset == 0 || there > size || facts.st_nlink > 1)) {
    if (!file->begin_anew(facts.st_nlink > 1)) return failed(file_error("cannot write", whole));
    there = 0;
  }
  const std::uint64_t begins = there;
  if (begins != size && begins != offset) {
    found.kind = Found::Kind::elsewhere;
    found.bytes = begins;
    return found;
  }
  if (Result<void> read = file->digest_what_is_there(begins); !read) return failed(read.error().message);
  found.kind = Found::Kind::ready;
  found.file = std::move(file);
  return found;
}

Result<std::string> FileStore::put(const std::string& module, const std::string& name,
                                   const OutgoingFile& from) {
  erase_here(module, name, {});  // A part of that size would be taken for these bytes.
  Found there = receive(module, name, 0, from.bytes());
  if (there.kind != Found::Kind::ready || there.file->bytes() > 0)
    return Error{"cannot keep " + name + ": " + there.why};
  for (std::uint64_t offset = 0; offset < from.bytes(); offset += copy_bytes) {
    const std::size_t wanted = std::min<std::uint64_t>(copy_bytes, from.bytes() - offset);
    const std::string part = from.read(offset, wanted);
    if (part.size() < wanted) return Error{"cannot keep " + name + ": it cannot be read"};
    if (is_ending_) return Error{"the host ends"};
    if (Result<void> written = there.file->append(part); !written) return written.error();
  }
  return there.file->finish();
}

std::unique_ptr<OutgoingFile> FileStore::read(const std::string& module, const std::string& name) const {
  const int file = ::open(path(module, name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  // In this order: a file has its name there before it loses the one here.
  if (file < 0) return archive_ == nullptr ? nullptr : archive_->read(module, name);
  struct stat facts {};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    close(file);
    return nullptr;
  }
  return std::make_unique<OutgoingFile>(file, static_cast<std::uint64_t>(facts.st_size));
}

std::optional<std::uint64_t> FileStore::copy(const std::string& module, const std::string& digest,
                                             const std::string& name) const {
  const std::string whole = path(module, name), object = object_path(module, digest);
  struct stat facts {};
  if (stat(object.c_str(), &facts) != 0)
    return archive_ == nullptr ? std::nullopt : archive_->copy(module, digest, name);
  if (!make_folder(whole)) return std::nullopt;
  if (link(object.c_str(), whole.c_str()) != 0 && errno != EEXIST) return std::nullopt;
  if (!sync_directory(directory_of(whole))) return std::nullopt;
  become_young(whole);
  return static_cast<std::uint64_t>(facts.st_size);
}

// Here first: archive() looks whether it is still here once it has a copy there.
void FileStore::erase(const std::string& module, const std::string& name, const std::string& digest) const {
  erase_here(module, name, digest);
  if (archive_ != nullptr) archive_->erase_here(module, name, digest);
}

void FileStore::erase_here(const std::string& module, const std::string& name,
                           const std::string& digest) const {
  const std::string whole = path(module, name);
  unlink(whole.c_str());
  unlink(part_of(whole).c_str());
  if (digest.size() != digest_digits || !is_hex(digest)) return;
  // Whoever gives it a name meanwhile has its bytes all the same.
  const std::string object = object_path(module, digest);
  struct stat facts {};
  if (stat(object.c_str(), &facts) == 0 && facts.st_nlink == 1) unlink(object.c_str());
}

std::size_t FileStore::reclaim(const std::string& module, const std::string& of, std::uint64_t idle_s) const {
  const std::string folder = directory_ + "/" + module + std::string(objects_folder) + folders_of(of);
  std::size_t removed = archive_ == nullptr ? 0 : archive_->reclaim(module, of, idle_s);
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) return removed;
  const std::uint64_t now_s = SystemClock().wall_ms() / 1000;  // std::time() may be behind a file's times.
  while (const dirent* entry = readdir(directory)) {
    struct stat facts {};
    if (fstatat(dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    // The time of a change is also that of the last link that came or went.
    const bool is_idle = static_cast<std::uint64_t>(facts.st_ctim.tv_sec) + idle_s <= now_s;
    if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1 || !is_idle) continue;
    if (unlinkat(dirfd(directory), entry->d_name, 0) == 0) ++removed;
  }
  closedir(directory);
  return removed;
}

std::vector<std::string> FileStore::list(const std::string& module, const std::string& of) const {
  std::vector<std::string> names;
  if (archive_ != nullptr) names = archive_->list(module, of);
  DIR* directory = opendir(folder(module, of).c_str());
  while (const dirent* entry = directory == nullptr ? nullptr : readdir(directory)) {
    std::string_view name = entry->d_name;
    if (name.ends_with(part_suffix)) name.remove_suffix(part_suffix.size());
    if (is_name(name)) names.emplace_back(name);
  }
  if (directory != nullptr) closedir(directory);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

IncomingFile::IncomingFile(FileStore& store, std::string module, std::string path, int file)
    : store_(store),
      module_(std::move(module)),
      path_(std::move(path)),
      file_(file),
      digest_(std::make_unique<Digest>()) {}

IncomingFile::~IncomingFile() {
  if (file_ >= 0) close(file_);
  store_.give_back(path_);
}

// Bytes that another name shares are left alone.
bool IncomingFile::begin_anew(bool is_shared) {
  if (!is_shared) return ftruncate(file_, 0) == 0;
  const std::string part = part_of(path_);
  if (unlink(part.c_str()) != 0) return false;
  close(file_);
  file_ = ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
  return file_ >= 0;
}

Result<void> IncomingFile::digest_what_is_there(std::uint64_t bytes) {
  std::string buffer(std::size_t{256} * 1024, '\0');
  while (bytes_ < bytes) {
    const ssize_t count = pread(file_, buffer.data(), buffer.size(), static_cast<off_t>(bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{file_error("cannot read", path_)};
    const std::size_t read = std::min(static_cast<std::uint64_t>(count), bytes - bytes_);
    digest_->add(std::string_view(buffer).substr(0, read));
    bytes_ += read;
  }
  return {};
}

Result<void> IncomingFile::append(std::string_view part) {
  digest_->add(part);
  while (!part.empty()) {
    const ssize_t count = pwrite(file_, part.data(), part.size(), static_cast<off_t>(bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{file_error("cannot write", path_)};
    bytes_ += static_cast<std::uint64_t>(count);
    part.remove_prefix(static_cast<std::size_t>(count));
  }
  write_back();
  return {};
}

// The disk begins while there is more to come, so that finish() has little left to wait for.
void IncomingFile::write_back() {
  if (bytes_ - written_back_ < write_back_bytes) return;
  static_cast<void>(sync_file_range(file_, static_cast<off64_t>(written_back_),
                                    static_cast<off64_t>(bytes_ - written_back_), SYNC_FILE_RANGE_WRITE));
  written_back_ = bytes_;
}

Result<std::string> IncomingFile::finish() {
  // The bytes before the name, the name before anybody is told.
  if (fsync(file_) != 0) return Error{file_error("cannot sync", path_)};
  const std::string digest = digest_->hex(), part = part_of(path_);
  if (!takes_bytes_of(store_.object_path(module_, digest)) && rename(part.c_str(), path_.c_str()) != 0)
    return Error{file_error("cannot rename", path_)};
  unlink(part.c_str());  // Of a file that is a link now.
  if (Result<void> synced = sync_directory(directory_of(path_)); !synced) return synced.error();
  return digest;
}

// True: another file has the same bytes, and has this name now, too. False: this one goes on by itself, and
// is the object for the next one where that can be.
bool IncomingFile::takes_bytes_of(const std::string& object) const {
  if (!store_.make_folder(object)) return false;
  if (link(part_of(path_).c_str(), object.c_str()) == 0) {
    static_cast<void>(sync_directory(directory_of(object)));  // Without it there is one copy more.
    return false;
  }
  struct stat facts {
  }, own{};
  if (errno != EEXIST || stat(object.c_str(), &facts) != 0 || fstat(file_, &own) != 0) return false;
  if (facts.st_ino == own.st_ino || facts.st_size != own.st_size) return false;
  if (link(object.c_str(), path_.c_str()) != 0) return false;
  become_young(path_);
  return true;
}

OutgoingFile::~OutgoingFile() {
  close(file_);
}

std::string OutgoingFile::read(std::uint64_t offset, std::size_t bytes) const {
  std::string part(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t count = pread(file_, part.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  part.resize(have);
  return part;
}

}  // namespace hotline
