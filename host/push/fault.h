// What went wrong in a call into a module, and how it is told: which call, why, and whose code it was.
// Never what the call was about: no content, no account.
//
// Plain values.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "hotline/status.h"

namespace hotline {

// What a module is called for.
enum class EventKind : std::uint8_t {
  stream,
  stanza,
  line,
  session,
  post,
  drain,
  timer,
  command,
  work,
  expiry,
  request,
  self_test,
  create,
  destroy,
  convert,
};
// As the entry of a module names the call: "on_stanza", "create".
const char* call_name(EventKind kind);
// What was thrown, of what the SDK logs of an exception in that call ("on_line threw: no such row"); empty:
// it is something else, which may be about somebody.
std::string_view thrown_in(EventKind kind, std::string_view text);

// Why a call did not end well.
struct FaultCause {
  enum class Kind : std::uint8_t { status, exception, signal, overrun };
  Kind kind = Kind::status;
  hl_status status = HL_OK;  // Kind::status: what it answered.
  int signal = 0;            // Kind::signal.
  bool was_slow = false;     // It ran longer than its soft budget, however it ended.
  bool is_overflow = false;  // The signal came from the guard page of the thread's stack.
  std::uintptr_t pc = 0;     // Where in the module's code, for signals and overruns; in the process's memory.
  std::uintptr_t address = 0;  // What was touched, for SIGSEGV and SIGBUS.
  // Of an exception; also of one that the module caught to answer with an error, where it told as the SDK
  // does.
  std::string words;

  // "SIGSEGV at address 0x0", "overran its budget", "threw bad_alloc", "answered HL_E_FAULT",
  // "answered HL_E_FAULT (it threw no such row)".
  std::string text() const;
  // It ended by the module's own decision: by what it answered or threw.
  bool is_answer() const { return kind == Kind::status || kind == Kind::exception; }
};

// What a generation was charged with, over all shards. Any thread.
struct FaultCounters {
  std::atomic<std::uint64_t> statuses{0}, exceptions{0}, signals{0}, overruns{0};
  std::atomic<std::uint64_t> slow_calls{0};  // No faults: they ended well.

  std::uint64_t faults() const { return statuses + exceptions + signals + overruns; }
  void add(FaultCause::Kind kind);
};

// A fault as it is told to whoever counts and records them.
struct Fault {
  std::string module, version, build_id;
  std::string file;  // The image's file, for the name of the function.
  EventKind event = EventKind::stanza;
  FaultCause cause;
  std::uintptr_t offset = 0;  // Of cause.pc in the image; 0: not known.
  bool is_of_current = true;  // False: the previous generation had been offered the event, and failed too.
};

// "HL_E_NONE"; "7777" for a number that is none.
std::string status_name(hl_status status);
// "SIGSEGV"; "signal 99" for one without a name here.
std::string signal_name(int signal);

}  // namespace hotline
