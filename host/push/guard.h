// The guard: a call into a module's code that faults ends, and the process goes on.
//
//     guarded ── calls ──> module code ── returns ──────────────> its answer
//        ^                      | throws                          HL_E_FAULT, and the cause
//        └── siglongjmp ────────┘ SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, or its hard budget is used up
//
// Only what the module's own code raised is caught: the program counter lies in its image, or it jumped out
// of there, or aborted there. Anything else (allocator, libc, core) ends the process after it has left a
// crash record: nothing can be said of a state that broke inside an allocator or the core.
//
// Rescued or not, no destructor of the call runs: what it held stays in its generation's arena until that is
// unloaded, and memory it may have scribbled on cannot be vouched for. Exceptions and overruns leave nothing
// of the kind, but for what an overrun held.
//
// Threads: guarded() on any, nested where a capability calls a module's `convert`. Signals are the process's:
// arm_guard() once, before any thread makes a call. Never armed in sanitizer builds, whose runtimes need the
// signals themselves.
// Source: docs/decisions/0018-guard.md for what was measured and rejected.
#pragma once

#include <cstdint>
#include <type_traits>

#include "hotline/status.h"
#include "push/fault.h"
#include "push/unmap.h"

namespace hotline {

class GenerationArena;
class CrashRecord;

// What a guard knows of the code it runs. It lives in its generation; text is plain bytes because a signal
// handler reads it.
struct GuardedCode {
  MappedRange range;
  std::uint32_t slow_us = 0;         // A longer call is charged; 0: never.
  std::uint32_t hard_us = 0;         // A longer call is ended; 0: never.
  GenerationArena* arena = nullptr;  // Whose memory its calls allocate; nullptr: the process's.
  char module[64] = "";
  char version[48] = "";
  char build_id[72] = "";
};

namespace detail {
hl_status run_guarded(const GuardedCode& code, EventKind event, FaultCause& cause, hl_status (*call)(void*),
                      void* data);
}  // namespace detail

// Runs `call` under the guard. When it does not return: HL_E_FAULT, and `cause` says why; else only
// `cause.was_slow` may have been set. Nothing between here and the module may need a destructor.
template <typename Call>
hl_status guarded(const GuardedCode& code, EventKind event, FaultCause& cause, Call&& call) {
  return detail::run_guarded(
      code, event, cause,
      [](void* data) -> hl_status { return (*static_cast<std::remove_reference_t<Call>*>(data))(); }, &call);
}

struct GuardSettings {
  enum class OnSignal { rescue, restart };
  OnSignal on_signal = OnSignal::rescue;
  const CrashRecord* record = nullptr;  // Where a death is written down. Outlives all calls.
};
// Installs the handlers. False: this is a sanitizer build, and only exceptions are caught.
bool arm_guard(const GuardSettings& settings);
// Takes the handlers away; for tests, and before what the record belongs to goes.
void disarm_guard();

// How many calls were ended because of a signal, in this process. Above zero it is tainted.
std::uint64_t rescued_signals();

}  // namespace hotline
