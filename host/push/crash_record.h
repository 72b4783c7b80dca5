// CrashRecord: what a process that dies of a signal leaves for the one that comes after it.
//
// The file is opened while all is well; a signal handler writes to it with pwrite(2) and ftruncate(2) alone.
// It is emptied when a start has gone through: one that fails leaves it for the next, which has to know as
// well. A process that ends in order after that leaves it empty.
//
// Threads: open, read and forget on the control thread; write from a signal handler on any thread, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "push/guard.h"

namespace hotline {

// As it was read.
struct Crash {
  int signal = 0;
  std::string module;  // Whose code was running, or was calling what died; empty: none, the core's.
  std::string version, build_id, call;
  std::string pc;  // In that image, as Frame writes it; else an address of the process.
};

class CrashRecord {
 public:
  // Opens DIR/crash.record, made where it is missing. What the last process left there stays until forget().
  static Result<CrashRecord> open(const std::string& state_dir);
  // What the last process left in that directory; nothing when it ended in order, or nothing readable.
  static std::optional<Crash> read(const std::string& state_dir);
  CrashRecord(CrashRecord&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  CrashRecord& operator=(CrashRecord&&) = delete;
  ~CrashRecord();

  // Over what is there. `code` nullptr: no module was being called.
  void write(int signal, std::uintptr_t pc, const GuardedCode* code, EventKind event) const noexcept;
  // What the last process left has been acted on.
  Result<void> forget() const;

 private:
  explicit CrashRecord(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace hotline
