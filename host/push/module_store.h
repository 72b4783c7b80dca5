// ModuleStore: verified files, each under a path that no other bytes ever had in this process, and the
// running set that a restart comes back on.
//
//     DIR/modules/<name>/<build-id>.so, <build-id>.1.so, ...   read-only copies; perf and gdb read them
//     DIR/modules/running.json                                  the lock file
//
// The loader answers a path it knows with the image it has, whatever the file has become: so every load gets
// a fresh path, also of a build it has seen before. Files appear whole or not at all.
//
// Owned by the push pipeline, called from one thread, off the shards: it waits for the disk.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "push/image.h"
#include "push/trust.h"

namespace hotline {

// A build whose file is kept.
struct StoredBuild {
  std::string version;
  std::string build_id;
  std::string digest;     // SHA-256 of the file.
  std::string path;       // Below the state directory: "modules/routing/<build-id>.so". Empty: no build.
  SignedBy signed_by;     // Without a name: it was not signed.
  bool was_left = false;  // It was gone back from: no way back leads to it.

  bool operator==(const StoredBuild&) const = default;
};

// One module of the running set: what was loaded of it, in the order in which it was live.
struct RunningModule {
  std::string module;
  std::vector<StoredBuild> builds;
  std::size_t at = 0;        // The current one.
  bool is_disabled = false;  // It is loaded, and serves nobody.

  bool operator==(const RunningModule&) const = default;
};

class ModuleStore {
 public:
  static constexpr std::size_t running_max = 1024;  // Modules in a set.

  // Makes `state_dir`/modules where it is missing.
  static Result<ModuleStore> open(const std::string& state_dir);

  // Writes the bytes of a verified image to a path of its own and answers that, absolute. `name` and
  // `build_id` are as verified.
  Result<std::string> add(const Image& image, std::string_view name, std::string_view build_id);
  // The path of a file of the running set, after a restart, if its bytes still have that digest; it is
  // answered once in a process, later calls copy. The error says what is wrong with the file.
  Result<std::string> take(const std::string& module, const StoredBuild& build);

  // The error of a missing lock file is none: an empty set.
  Result<std::vector<RunningModule>> running() const;
  // Replaces the lock file; when it returns without error the set is on disk, whole.
  Result<void> set_running(std::span<const RunningModule> set);

  // Removes files that neither `in_use` (absolute paths of resident generations) nor the running set names.
  // Answers how many.
  Result<std::size_t> remove_unused(const std::set<std::string>& in_use);

  const std::string& state_dir() const { return state_dir_; }
  // `path` as RunningModule has it.
  std::string relative(const std::string& path) const;

 private:
  explicit ModuleStore(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  bool is_used(const std::string& path) const;
  void given_out(const std::string& path);

  std::string state_dir_;  // Absolute, without symbolic links.
  // By path without ".N.so": the first copy of the build that this process was not given; none below it is
  // given out again. A number a build, because a host may push the same two in turn for years.
  std::map<std::string, std::size_t> next_copy_;
};

}  // namespace hotline
