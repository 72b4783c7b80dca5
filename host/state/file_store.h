// FileStore: modules' files on disk: DIRECTORY/MODULE/ab/cd/NAME, and NAME.part until it is whole.
//
// Bytes that came twice are there once: beside its name a whole file is
// DIRECTORY/MODULE/objects/ab/cd/SHA256, a second link of the same inode, and the next one with that digest
// becomes a link of it too. So the file system counts how many names an object has, in one step with each
// change, and no crash can make the count wrong; an object that only has its own name left is nobody's. Where
// links cannot be made, files are copies.
//
// A name is 16 to 128 lower-case hexadecimal digits; its first four are two folders, so a folder of a module
// with a million files has about 15. A file is whole once all of it was synced and it was given its name;
// what a crash leaves before that is a part, which may be gone on with.
//
// Where there is an archive (a second directory, of slower storage), archive() moves old files there, and
// whoever asks finds them where they are; file_archive.cpp has the steps.
//
// Every call waits for the disk. Threads: any but a shard's; an IncomingFile one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hotline {

class IncomingFile;
class OutgoingFile;

class FileStore {
 public:
  // Makes the directory, but not that of the archive: one that is missing is storage that is not mounted.
  // Empty: no archive.
  static Result<std::unique_ptr<FileStore>> open(const std::string& directory,
                                                 const std::string& archive_directory = {});

  static bool is_name(std::string_view name);
  static bool is_folder(std::string_view folder);  // "abcd"

  // What is there of a file that is to be received.
  struct Found {
    enum class Kind { ready, elsewhere, busy, failed };
    Kind kind = Kind::failed;
    std::unique_ptr<IncomingFile> file;  // ready.
    std::uint64_t bytes = 0;             // elsewhere: where the part ends.
    std::string why;                     // failed.
  };
  static constexpr std::uint64_t ask = UINT64_MAX;
  // Opens the part at `offset`, which is where it ends, or 0: anew. A part that has all its bytes is `ready`
  // whatever the offset, and so is a file that is whole already: it becomes a part again.
  Found receive(const std::string& module, const std::string& name, std::uint64_t offset, std::uint64_t size);

  // Makes a whole file of another's bytes, in place of what has that name: its SHA-256.
  Result<std::string> put(const std::string& module, const std::string& name, const OutgoingFile& from);
  // A whole file; nullptr: there is none.
  std::unique_ptr<OutgoingFile> read(const std::string& module, const std::string& name) const;
  // Gives an object one more name. How many bytes it has; nothing: there is no such object.
  std::optional<std::uint64_t> copy(const std::string& module, const std::string& digest,
                                    const std::string& name) const;
  // `digest`, where it is known: its object goes with the last name it had.
  void erase(const std::string& module, const std::string& name, const std::string& digest) const;
  // Removes the objects of a folder that have had no name for so long; how many.
  std::size_t reclaim(const std::string& module, const std::string& folder, std::uint64_t idle_s) const;
  // Each once, whole or not.
  std::vector<std::string> list(const std::string& module, const std::string& folder) const;

  bool has_archive() const { return archive_ != nullptr; }
  // What was moved, and whether that was all: not when the archive does not take it, which is logged, and not
  // tried again for a minute.
  struct Archived {
    std::uint64_t files = 0, bytes = 0;
    bool is_all = true;
  };
  // Moves those whole files of a folder to the archive whose bytes came so long ago, for the last time. One
  // call at a time; beside all other calls.
  Archived archive(const std::string& module, const std::string& folder, std::uint64_t age_s);
  // archive() and put() leave what they have not finished.
  void end() {
    is_ending_ = true;
    if (archive_ != nullptr) archive_->end();
  }

 private:
  friend class IncomingFile;
  explicit FileStore(std::string directory) : directory_(std::move(directory)) {}

  std::vector<std::string> old_files(const std::string& module, const std::string& folder,
                                     std::uint64_t age_s) const;
  Result<std::uint64_t> move_to_archive(const std::string& module, const std::string& name);
  void erase_here(const std::string& module, const std::string& name, const std::string& digest) const;
  std::string folder(std::string_view module, std::string_view name) const;
  std::string path(const std::string& module, const std::string& name) const;
  std::string object_path(const std::string& module, const std::string& digest) const;
  Result<void> make_folder(const std::string& path) const;
  bool take(const std::string& path);
  void give_back(const std::string& path);

  const std::string directory_;
  std::mutex mutex_;
  std::set<std::string> receiving_;  // Paths: one writer a file.
  std::unique_ptr<FileStore> archive_;
  std::atomic<bool> is_ending_{false};
  std::int64_t archive_rests_until_s_ = 0;  // archive() alone.
};

// A file that is being received. Destruction leaves the part as it is.
class IncomingFile {
 public:
  IncomingFile(FileStore& store, std::string module, std::string path, int file);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  std::uint64_t bytes() const { return bytes_; }
  Result<void> append(std::string_view part);
  // It is whole and on disk: its SHA-256, in hexadecimal digits.
  Result<std::string> finish();

 private:
  friend class FileStore;
  struct Digest;
  bool begin_anew(bool is_shared);
  Result<void> digest_what_is_there(std::uint64_t bytes);
  bool takes_bytes_of(const std::string& object) const;
  void write_back();

  FileStore& store_;
  const std::string module_;
  const std::string path_;  // Of the whole file.
  int file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t written_back_ = 0;  // Up to here it is on its way to the disk.
  std::unique_ptr<Digest> digest_;
};

class OutgoingFile {
 public:
  OutgoingFile(int file, std::uint64_t bytes) : bytes_(bytes), file_(file) {}
  ~OutgoingFile();
  OutgoingFile(const OutgoingFile&) = delete;
  OutgoingFile& operator=(const OutgoingFile&) = delete;

  std::uint64_t bytes() const { return bytes_; }
  int descriptor() const { return file_; }
  // Fewer bytes than asked for: it cannot be read.
  std::string read(std::uint64_t offset, std::size_t bytes) const;

 private:
  const std::uint64_t bytes_;
  const int file_;
};

}  // namespace hotline
