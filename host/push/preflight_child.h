// PreflightChild: a process that tries a module out, and all that it said. It is gone when this is.
//
// posix_spawn, not fork: what forking costs grows with the host's memory. The program is run from a
// descriptor that was opened when the host started, so that it stays the one of this host's make when the
// package is upgraded under it.
//
// [one thread that may wait; the child is killed when that thread ends]
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "push/descriptor.h"

namespace hotline {

// The file of hotline-preflight.
class PreflightProgram {
 public:
  // `path` empty: the one beside this process's own program.
  static Result<PreflightProgram> open(const std::string& path);
  const std::string& path() const { return path_; }
  int descriptor() const { return file_.get(); }

 private:
  PreflightProgram(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  Descriptor file_;
};

class PreflightChild {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t said_bytes_max = 1 << 20;

  static Result<PreflightChild> start(const PreflightProgram& program, const std::string& request,
                                      std::span<const std::byte> module);
  PreflightChild(PreflightChild&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        answer_(std::move(other.answer_)),
        said_(std::move(other.said_)),
        gives_way_(other.gives_way_) {}
  PreflightChild& operator=(PreflightChild&&) = delete;
  ~PreflightChild() { end(); }

  // Whoever pushes can wait; those whom the host serves meanwhile cannot. It gets what of the processors
  // nobody else wants, until hurry(); where the host may not take that back, a third of what others get.
  void give_way();
  void hurry() const;
  // Until it has ended what it has to say. False: it was still there at the deadline.
  bool hear_until(Clock::time_point deadline);
  // Its time is over: it is to say where it is.
  void ask_where() const;
  // Kills what is left of it; its wait status.
  int end();
  const std::string& said() const { return said_; }

 private:
  PreflightChild(pid_t pid, Descriptor answer) : pid_(pid), answer_(std::move(answer)) {}
  pid_t pid_;
  Descriptor answer_;
  std::string said_;
  bool gives_way_ = false;
};

}  // namespace hotline
