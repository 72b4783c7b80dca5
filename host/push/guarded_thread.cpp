#include "push/guarded_thread.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <vector>

#include "base/check.h"

namespace hotline {

namespace {

constexpr std::size_t handler_stack_bytes = 65'536;  // Unwinding out of abort() takes a fifth of it.

// Signals are the process's, and so is the list of threads that may get one.
std::mutex& threads_mutex() {
  static std::mutex mutex;
  return mutex;
}
std::vector<GuardedThread*>& threads() {
  static std::vector<GuardedThread*> all;
  return all;
}

// Plain and in the executable's own block, so that a handler reaches it without any call.
__attribute__((tls_model("initial-exec"))) constinit thread_local GuardedThread* mine = nullptr;

std::uintptr_t lowest_stack_byte() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* low = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<std::uintptr_t>(low);
}

// Below the stack lies a page nobody may touch: a handler that needed more would not overwrite another's.
void* use_handler_stack() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const mapped = mmap(nullptr, handler_stack_bytes + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  check(mapped != MAP_FAILED, "a thread has room for a handler's stack");
  mprotect(mapped, page, PROT_NONE);
  stack_t stack{};
  stack.ss_sp = static_cast<char*>(mapped) + page;
  stack.ss_size = handler_stack_bytes;
  check(sigaltstack(&stack, nullptr) == 0, "a thread can set a handler's stack");
  return mapped;
}

struct Owner {
  std::unique_ptr<GuardedThread> thread;

  Owner() : thread(std::make_unique<GuardedThread>()) {
    thread->thread = pthread_self();
    thread->stack_low = lowest_stack_byte();
    thread->handler_stack = use_handler_stack();
    const std::lock_guard lock(threads_mutex());
    threads().push_back(thread.get());
  }
  ~Owner() {
    mine = nullptr;
    {
      const std::lock_guard lock(threads_mutex());
      std::erase(threads(), thread.get());
    }
    const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
    munmap(thread->handler_stack, handler_stack_bytes + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
};

}  // namespace

GuardedThread& guarded_thread() {
  if (mine != nullptr) [[likely]]
    return *mine;
  static thread_local Owner owner;
  mine = owner.thread.get();
  return *mine;
}

GuardedThread* guarded_thread_if_any() noexcept {
  return mine;
}

void each_guarded_thread(const std::function<void(GuardedThread&)>& look) {
  const std::lock_guard lock(threads_mutex());
  for (GuardedThread* thread : threads()) look(*thread);
}

}  // namespace hotline
