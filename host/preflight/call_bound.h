// CallBound: how much processor time one call into a module may take before it is ended, with a death note.
// Processor time, so that a busy machine refuses nobody; what waits for ever meets the host's deadline.
//
// [child, its only thread]
#pragma once

#include <cstdint>

namespace hotline::preflight {

class CallBound {
 public:
  explicit CallBound(std::uint64_t us) { set(us); }
  ~CallBound() { set(0); }
  CallBound(const CallBound&) = delete;
  CallBound& operator=(const CallBound&) = delete;

 private:
  static void set(std::uint64_t us);
};

}  // namespace hotline::preflight
