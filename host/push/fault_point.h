// FaultPoint: a named place of the pipeline at which a test has the process die, or stand still.
//
// What a kill from outside hits only by chance is hit every time: between two steps, or between what a step
// has done and what says so. It is in every build, because what is tested should be what runs, and does
// nothing unless HOTLINE_FAULT_POINT names a place when the host starts:
//
//     HOTLINE_FAULT_POINT=push.live:kill      the process ends there, as by kill -9
//     HOTLINE_FAULT_POINT=push.stage:stop     it stops there, until somebody sends SIGCONT
//
// Immutable. [any thread]
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hotline {

class FaultPoint {
 public:
  // Nothing is armed.
  FaultPoint() = default;
  // "push.live:kill". Empty arms nothing; the error names what is known.
  static Result<FaultPoint> parse(std::string_view text);
  static Result<FaultPoint> of_environment();

  bool is_armed() const { return !name_.empty(); }
  // `kind` is what is going on (push, rollback), `place` where it is.
  void reach(std::string_view kind, std::string_view place) const {
    if (is_armed()) [[unlikely]]
      act(kind, place);
  }

 private:
  void act(std::string_view kind, std::string_view place) const;

  std::string name_;
  int signal_ = 0;
};

}  // namespace hotline
