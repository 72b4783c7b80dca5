// Blocklist: builds that are not pushed to this host again, whoever signed them.
//
// Added to by an operator, or by the host itself for a build that it left because of its faults. What an
// operator blocks is not loaded at a start either. What the host left may be, beside what is live: rows that
// it wrote are read through its code. Kept in DIR/blocklist.json, read
// anew each time it is asked, so that what was added in a process that died is there in the next.
//
// Threads: add() and remove() by one at a time (the pushes' thread; where no host runs, `hotline blocklist`);
// find() and entries() from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace hotline {

struct BlockedBuild {
  std::string build_id;         // Lower-case hexadecimal.
  std::string module, version;  // Where they are known.
  std::string reason;           // "two faults within 60 s", or the operator's words.
  std::string by;               // "anna", or "hotlined" for the host itself.
  bool was_left = false;        // By the host itself.
  std::uint64_t wall_ms = 0;

  bool operator==(const BlockedBuild&) const = default;
};

class Blocklist {
 public:
  static constexpr std::size_t entries_max = 1000;  // The oldest is let go for another.

  explicit Blocklist(std::string state_dir) : file_(std::move(state_dir) + "/blocklist.json") {}

  // The error says what `text` is, where it is neither a build id nor how one may begin: 8 digits or more.
  static Result<void> check_id(const std::string& text);

  // Oldest first. A missing file is an empty list; a damaged one is an error, and nothing may be loaded then.
  Result<std::vector<BlockedBuild>> entries() const;
  Result<std::optional<BlockedBuild>> find(const std::string& build_id) const;
  // On disk when it returns. A build that is there already gets the new reason.
  Result<void> add(const BlockedBuild& build);
  // False: it was not there. `build_id` may be its beginning, of 8 digits or more, where only one begins so.
  Result<bool> remove(const std::string& build_id);

 private:
  Result<void> write(const std::vector<BlockedBuild>& entries) const;

  std::string file_;
};

}  // namespace hotline
