// Attempt: a module loaded in a process that may die of it, something tried with it, and what came of that as
// a verdict.
//
// [child, its only thread]
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "push/generation.h"
#include "push/preflight_request.h"

namespace hotline::preflight {

// Hears of each step before it is taken, so that one that never ends has a name.
class Steps {
 public:
  using Say = std::function<void(const std::string& line)>;
  explicit Steps(Say say) : say_(std::move(say)) {}

  void take(const std::string& name) { say_("step " + (name_ = name)); }
  void tell(const std::string& line) const { say_(line); }
  const std::string& name() const { return name_; }

 private:
  const Say say_;
  std::string name_;
};

// What is tried answers what is wrong, in words that follow "refused: "; empty: nothing.
using Trial = std::function<std::string(Generation& generation, PreflightVerdict& verdict)>;
PreflightVerdict attempt(const PreflightRequest& request, const Manifest& manifest, Steps& steps,
                         const Trial& trial);

// How long a call may take here before it is ended: the fake host takes its time, and memory that is freed is
// written over, which is not the module's doing.
inline std::uint64_t bound_us(const Generation& generation) {
  constexpr std::uint64_t factor = 4;
  return generation.code().hard_us * factor;
}

}  // namespace hotline::preflight
