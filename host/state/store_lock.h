// StoreLock: the right to a store's file, held while a host has it open.
//
// A second host on the same file would give out the same message ids and answer for the same mailboxes.
// SQLite's own locks do not prevent that: they are let go between transactions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace hotline {

class StoreLock {
 public:
  // Takes the lock `path`.lock, after waiting at most `wait_ms` for another process to let go of it, and sees
  // to it that `path` and its directory are there. All of it can be read by the host's user alone.
  static Result<StoreLock> take(const std::string& path, std::uint32_t wait_ms);
  StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  StoreLock& operator=(StoreLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~StoreLock();

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;  // -1: moved away.
};

}  // namespace hotline
