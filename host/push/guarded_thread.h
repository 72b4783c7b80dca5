// GuardedThread: what the guard, its signal handlers and the watchdog know of one thread that calls modules.
//
// The thread itself writes it, its handlers read it, and the watchdog reads the atomics and leaves its marks
// in two of them. Made at a thread's first guarded call, with a stack of its own for signal handlers: a stack
// overflow could not be survived on the one that has just overflowed.
#pragma once

#include <pthread.h>

#include <atomic>
#include <csetjmp>
#include <cstdint>
#include <functional>

#include "arena/arena.h"
#include "push/guard.h"

namespace hotline {

// One guarded call; on the stack of its thread.
struct GuardFrame {
  sigjmp_buf jump;
  const GuardedCode* code;
  GuardFrame* outer;
  ArenaPart* outer_owner;  // Of what was allocated before the call.
  std::uint64_t outer_number;
  EventKind event;
  // Left by the handler that ends the call.
  FaultCause::Kind how;
  int signal;
  bool is_overflow;
  std::uintptr_t pc, address;
};

struct alignas(64) GuardedThread {
  GuardFrame* frame = nullptr;  // The innermost call; nullptr: none.
  std::uint64_t calls = 0;      // Made so far.
  // Which part of a generation's arena its calls allocate from.
  std::size_t arena_part = GenerationArena::off_shards;

  // The call that is being made, 0: none. A call of `convert` within another call stands before it.
  std::atomic<std::uint64_t> number{0};
  std::atomic<std::uint32_t> slow_us{0}, hard_us{0};  // Its budgets.
  std::atomic<std::uint64_t> seen_slow{0};            // Marks of the watchdog: numbers of calls.
  std::atomic<std::uint64_t> to_end{0};

  pthread_t thread{};
  std::uintptr_t stack_low = 0;  // The lowest usable byte of its stack.
  void* handler_stack = nullptr;
};

// This thread's; made when it has none yet.
GuardedThread& guarded_thread();
// For signal handlers: nullptr when it has none.
GuardedThread* guarded_thread_if_any() noexcept;
// While one is there, this thread's calls are of that shard's instances: they allocate from its part of the
// generation's arena.
class ServingShard {
 public:
  explicit ServingShard(std::size_t shard) : thread_(guarded_thread()), before_(thread_.arena_part) {
    thread_.arena_part = shard;
  }
  ~ServingShard() { thread_.arena_part = before_; }
  ServingShard(const ServingShard&) = delete;
  ServingShard& operator=(const ServingShard&) = delete;

 private:
  GuardedThread& thread_;
  std::size_t before_;
};
// Each thread that has one now; it does not end meanwhile.
void each_guarded_thread(const std::function<void(GuardedThread&)>& look);

}  // namespace hotline
