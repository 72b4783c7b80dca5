#include "preflight/call_bound.h"

#include <sys/time.h>

namespace hotline::preflight {

void CallBound::set(std::uint64_t us) {
  itimerval bound{};
  bound.it_value.tv_sec = static_cast<time_t>(us / 1'000'000);
  bound.it_value.tv_usec = static_cast<suseconds_t>(us % 1'000'000);
  setitimer(ITIMER_PROF, &bound, nullptr);
}

}  // namespace hotline::preflight
