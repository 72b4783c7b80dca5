#include "push/guard.h"

#include <cxxabi.h>
#include <signal.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <exception>

#include "arena/block_owner.h"
#include "push/abort_origin.h"
#include "push/crash_record.h"
#include "push/guarded_thread.h"
#include "push/watchdog.h"

namespace hotline {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif
#else
constexpr bool is_sanitized = false;
#endif

constexpr std::array fault_signals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// How far from the end of its stack a fault still counts as an overflow: a large frame skips the guard page.
constexpr std::uintptr_t overflow_reach_bytes = 1u << 20;

// The handlers are the process's, so what they need is too.
std::atomic<bool> rescues{true};
std::atomic<const CrashRecord*> crash_record{nullptr};
std::atomic<std::uint64_t> rescued{0};

struct Place {
  std::uintptr_t pc, stack;
};
Place place_of(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return {static_cast<std::uintptr_t>(registers.gregs[REG_RIP]),
          static_cast<std::uintptr_t>(registers.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {registers.pc, registers.sp};
#else
#error "the guard needs to know where this machine keeps its program counter"
#endif
}

// A jump to where no code is came from whoever is to be returned to.
std::uintptr_t caller_of_nowhere(const void* context, const Place& place) {
#if defined(__x86_64__)
  (void)context;
  return *reinterpret_cast<const std::uintptr_t*>(place.stack);
#else
  (void)place;
  return static_cast<const ucontext_t*>(context)->uc_mcontext.regs[30];
#endif
}

[[noreturn]] void end_call(GuardFrame& frame, FaultCause::Kind how) {
  frame.how = how;
  siglongjmp(frame.jump, 1);
}

void on_fault(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  GuardedThread* const thread = guarded_thread_if_any();
  GuardFrame* const frame = thread == nullptr ? nullptr : thread->frame;
  Place place = place_of(context);
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const bool is_raised_here = signal == SIGABRT ? info->si_code == SI_TKILL : info->si_code > 0;
  if (frame != nullptr && is_raised_here) {
    if (signal == SIGSEGV && address == place.pc) place.pc = caller_of_nowhere(context, place);
    const MappedRange& code = frame->code->range;
    if (signal == SIGABRT && !code.contains(reinterpret_cast<const void*>(place.pc))) {
      const void* const aborted = aborted_in(code);
      if (aborted != nullptr) place.pc = reinterpret_cast<std::uintptr_t>(aborted);
    }
    if (rescues.load(std::memory_order_relaxed) && code.contains(reinterpret_cast<const void*>(place.pc))) {
      frame->signal = signal;
      frame->pc = place.pc;
      frame->address = signal == SIGSEGV || signal == SIGBUS ? address : 0;
      frame->is_overflow = signal == SIGSEGV && address < thread->stack_low + overflow_reach_bytes &&
                           address + overflow_reach_bytes > thread->stack_low;
      end_call(*frame, FaultCause::Kind::signal);
    }
  }
  if (const CrashRecord* to = crash_record.exchange(nullptr))
    to->write(signal, place.pc, frame == nullptr ? nullptr : frame->code,
              frame == nullptr ? EventKind::stream : frame->event);
  // As if nobody had listened: the instruction is run again and ends the process, where a core file shows it.
  ::signal(signal, SIG_DFL);
  if (!is_raised_here || signal == SIGABRT) raise(signal);
  errno = saved_errno;
}

void on_overrun(int, siginfo_t*, void* context) {
  GuardedThread* const thread = guarded_thread_if_any();
  if (thread == nullptr || thread->frame == nullptr) return;
  const std::uint64_t number = thread->number.load(std::memory_order_relaxed);
  if (number == 0 || thread->to_end.load(std::memory_order_relaxed) != number) return;
  const std::uintptr_t pc = place_of(context).pc;
  // Inside libc or the core it may hold a lock or half of a change: the watchdog comes again.
  if (!thread->frame->code->range.contains(reinterpret_cast<const void*>(pc))) return;
  thread->frame->pc = pc;
  end_call(*thread->frame, FaultCause::Kind::overrun);
}

void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  sigemptyset(&action.sa_mask);
  // NODEFER, because a handler that jumps never gives back the mask it was entered with.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// A call that was left inside a `catch` would leave its exception on the thread's list for ever.
void forget_exceptions() {
  struct Globals {
    void* caught;
    unsigned int uncaught;
  };
  auto* globals = reinterpret_cast<Globals*>(abi::__cxa_get_globals());
  *globals = {nullptr, 0};
}

// The exception object may be of the module's making: its words are copied while it lives.
std::string words_of_exception(const GuardedCode& code) {
  try {
    throw;
  } catch (const std::bad_alloc& error) {
    if (code.arena == nullptr || code.arena->figures().refused == 0) return error.what();
    return std::string(error.what()) + ", as it has all the " +
           std::to_string(code.arena->bytes_max() >> 20) + " MiB that `faults.module_memory_mib` allows";
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

void enter(GuardedThread& thread, GuardFrame& frame) {
  frame.outer = thread.frame;
  frame.outer_number = thread.number.load(std::memory_order_relaxed);
  thread.slow_us.store(frame.code->slow_us, std::memory_order_relaxed);
  thread.hard_us.store(frame.code->hard_us, std::memory_order_relaxed);
  thread.number.store(++thread.calls, std::memory_order_release);
  // The handlers run on this thread: they need the order the compiler writes in, nothing more.
  std::atomic_signal_fence(std::memory_order_release);
  thread.frame = &frame;
  frame.outer_owner = block_owner;
  block_owner = frame.code->arena == nullptr ? nullptr : frame.code->arena->part(thread.arena_part);
}

bool leave(GuardedThread& thread, const GuardFrame& frame) {
  block_owner = frame.outer_owner;
  thread.frame = frame.outer;
  std::atomic_signal_fence(std::memory_order_release);
  const bool was_slow =
      thread.seen_slow.load(std::memory_order_relaxed) == thread.number.load(std::memory_order_relaxed);
  thread.number.store(frame.outer_number, std::memory_order_release);
  return was_slow;
}

hl_status explain(const GuardFrame& frame, FaultCause& cause) {
  if (frame.outer == nullptr) forget_exceptions();
  cause = {};
  cause.kind = frame.how;
  cause.pc = frame.pc;
  if (frame.how == FaultCause::Kind::signal) {
    cause.signal = frame.signal;
    cause.address = frame.address;
    cause.is_overflow = frame.is_overflow;
    rescued.fetch_add(1, std::memory_order_relaxed);
  }
  return HL_E_FAULT;
}

}  // namespace

hl_status detail::run_guarded(const GuardedCode& code, EventKind event, FaultCause& cause,
                              hl_status (*call)(void*), void* data) {
  GuardFrame frame;
  frame.code = &code;
  frame.event = event;
  if (sigsetjmp(frame.jump, 0) != 0) {
    (void)leave(guarded_thread(), frame);
    return explain(frame, cause);
  }
  enter(guarded_thread(), frame);
  hl_status status = HL_E_FAULT;
  try {
    status = call(data);
  } catch (...) {
    block_owner = frame.outer_owner;
    cause = {};
    cause.kind = FaultCause::Kind::exception;
    cause.words = words_of_exception(code);
  }
  if (leave(guarded_thread(), frame)) [[unlikely]]
    cause.was_slow = true;
  return status;
}

bool arm_guard(const GuardSettings& settings) {
  if (is_sanitized) return false;
  rescues = settings.on_signal == GuardSettings::OnSignal::rescue;
  crash_record = settings.record;
  find_abort_code();
  for (const int signal : fault_signals) install(signal, on_fault);
  install(watchdog_signal, on_overrun);
  return true;
}

void disarm_guard() {
  if (is_sanitized) return;
  crash_record = nullptr;
  for (const int signal : fault_signals) ::signal(signal, SIG_DFL);
  ::signal(watchdog_signal, SIG_IGN);
}

std::uint64_t rescued_signals() {
  return rescued.load(std::memory_order_relaxed);
}

}  // namespace hotline
