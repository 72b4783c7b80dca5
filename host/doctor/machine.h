// Machine: what can be learned about the machine a host runs on. The doctor sees no more of the world than
// this, so that a test can give it any machine.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace hotline::doctor {

struct Disk {
  std::uint64_t free_bytes = 0;    // For those who are not root.
  std::string type;                // "ext4"; of one that is not known its number, as statfs(2) gives it.
  bool is_kept_in_memory = false;  // Gone with the machine's power.
  bool is_remote = false;          // Another machine's: its locks and syncs are not ours to trust.
  std::string sync_problem;        // Why a file that was written there could not be synced; empty: it was.
};

struct CertificateDates {
  std::int64_t begins_s = 0;  // Seconds since 1970.
  std::int64_t ends_s = 0;
};

class Machine {
 public:
  virtual ~Machine() = default;
  // A small file of /proc or /sys without the line end behind it; unset: it is not there, or not for us.
  virtual std::optional<std::string> file(const std::string& path) const = 0;
  // The disk that `directory` is on. The error says why it cannot be told.
  virtual Result<Disk> disk(const std::string& directory) const = 0;
  // Of the first certificate in a PEM file.
  virtual Result<CertificateDates> certificate(const std::string& path) const = 0;
  virtual std::int64_t now_s() const = 0;
};

}  // namespace hotline::doctor
