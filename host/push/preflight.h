// Preflight: a module is tried out in a process of its own before it comes into this one.
//
//     host                                  hotline-preflight (host/preflight)
//     spawn, request and module      ->     sandbox, then Rehearsal
//     lines of a pipe                <-     "step on_stanza for …" as it goes, "verdict {…}" at the end;
//                                           "!signal", "!frame" when it dies (DeathNote)
//     kill it at the deadline
//
// Here: what those lines come to, as a verdict.
//
// [one thread that may wait]
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "push/image.h"
#include "push/preflight_child.h"
#include "push/preflight_request.h"

namespace hotline {

// The verdict, also of a child that died, hung or said nothing. The error: it could not be tried, which says
// nothing of the module. `image` is what `request` is about.
Result<PreflightVerdict> run_preflight(const PreflightProgram& program, const PreflightRequest& request,
                                       const Image& image, std::uint64_t deadline_ms);

// What a child said, and how it ended, as a verdict; apart from processes, so that it can be tested.
struct PreflightEnd {
  std::string said;
  int wait_status = 0;
  bool is_late = false;
  std::uint64_t deadline_ms = 0;
};
Result<PreflightVerdict> verdict_on(const PreflightEnd& end, const Image& image);

}  // namespace hotline
