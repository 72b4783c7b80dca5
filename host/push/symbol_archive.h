// SymbolArchive: the file of every build that was ever loaded, by build id, so that a frame of code that was
// unloaded long ago still has a name:
//
//     DIR/symbols/.build-id/5f/2c0a7d….debug
//
// The layout that gdb, perf and debuginfod know. A file is a hard link of the module store's where the file
// system allows it: while that file is there, this one takes no room.
//
// Threads: keep() on the pipeline's; find() and others in any process that may read the state directory.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hotline {

class SymbolArchive {
 public:
  // `builds_max` 0: nothing is kept.
  SymbolArchive(const std::string& state_dir, std::size_t builds_max)
      : root_(state_dir + "/symbols"), builds_max_(builds_max) {}

  // The file of that build, as the newest; the oldest beyond the bound go.
  Result<void> keep(const std::string& file, const std::string& build_id) const;

  // The file of the one build whose id begins so. The error says that there is none, or several.
  Result<std::string> find(std::string_view build_id) const;
  // The builds whose ids begin so, and the file of each.
  std::map<std::string, std::string> beginning(std::string_view build_id) const;
  std::size_t count() const { return builds().size(); }

 private:
  struct Build {
    std::string id;
    std::string path;
    long long kept_ns = 0;
  };
  std::string path_of(const std::string& build_id) const;
  std::vector<Build> builds() const;  // Oldest first.

  std::string root_;
  std::size_t builds_max_;
};

}  // namespace hotline
