// ProgramRun: another program of ours, started by this process: asked one question, or set to work beside it.
//
// posix_spawn, not fork: what forking costs grows with the host's memory, and states of TLS are wiped in a
// fork. Signals are as they are by default there. [one thread that may wait]
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "push/descriptor.h"

namespace hotline {

class ProgramRun {
 public:
  // `given` is what it knows as descriptor `given_number`, besides standard error. Its standard output goes
  // to `output`, or where ours goes.
  struct Start {
    std::string file;
    std::vector<std::string> arguments;
    int given = -1;
    int output = -1;
  };
  static constexpr int given_number = 3;

  static Result<ProgramRun> start(const Start& how);
  ProgramRun(ProgramRun&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ProgramRun& operator=(ProgramRun&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~ProgramRun() { reap(); }

  pid_t pid() const { return pid_; }
  // Kills it, unless it has ended, and waits until it is dead: from then on it does nothing. Its wait status;
  // -1: there is none any more.
  int reap();
  // It lives on without us.
  void let_go() { pid_ = -1; }

 private:
  explicit ProgramRun(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

// All that it writes to standard output until it ends with status 0. The error is in words that follow its
// name: "did not answer within 5 s".
Result<std::string> ask_program(const std::string& file, const std::vector<std::string>& arguments,
                                std::chrono::milliseconds patience);

}  // namespace hotline
