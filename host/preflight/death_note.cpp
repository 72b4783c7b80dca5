#include "preflight/death_note.h"

#include <execinfo.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace hotline::preflight {

namespace {

constexpr int frames_max = 64;
constexpr std::size_t stack_bytes = 256 << 10;  // The unwinder needs some.
constexpr std::uintptr_t nowhere_end = 65536;   // Nothing is ever mapped below: a jump there went to nowhere.

int note_descriptor = -1;
alignas(16) std::array<char, stack_bytes> note_stack;

// No allocation, no locale: async-signal-safe.
void write_line(const char* word, std::uintptr_t value, unsigned base) {
  std::array<char, 64> line{};
  std::size_t at = 0;
  for (const char* c = word; *c != '\0'; ++c) line[at++] = *c;
  std::array<char, 20> digits{};
  std::size_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (count > 0) line[at++] = digits[--count];
  line[at++] = '\n';
  (void)!write(note_descriptor, line.data(), at);
}

// Where it was, and for a jump to nowhere whoever was to be returned to, which no unwinder finds.
void write_place(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto pc = static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
  std::uintptr_t caller = 0;
  if (pc < nowhere_end)
    std::memcpy(&caller, reinterpret_cast<const void*>(registers.gregs[REG_RSP]), sizeof caller);
#elif defined(__aarch64__)
  const std::uintptr_t pc = registers.pc;
  const std::uintptr_t caller = pc < nowhere_end ? registers.regs[30] : 0;
#else
#error "a death note needs to know where this machine keeps its program counter"
#endif
  write_line("!frame ", pc, 16);
  if (caller != 0) write_line("!frame ", caller, 16);
}

void on_signal(int signal, siginfo_t*, void* context) {
  write_line("!signal ", static_cast<std::uintptr_t>(signal), 10);
  write_place(context);
  std::array<void*, frames_max> frames{};
  const int count = backtrace(frames.data(), frames_max);
  for (int i = 0; i < count; ++i)
    write_line("!frame ", reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]), 16);
  _exit(128 + signal);
}

}  // namespace

void write_death_notes_to(int descriptor) {
  note_descriptor = descriptor;
  std::array<void*, 2> prime{};
  (void)backtrace(prime.data(), 2);  // Loads the unwinder now: a handler must not.
  stack_t stack{};
  stack.ss_sp = note_stack.data();
  stack.ss_size = note_stack.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  // NODEFER: a fault of the unwinder's, in a stack that the module has spoilt, ends it at once.
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  sigemptyset(&action.sa_mask);
  for (const int signal :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGPROF, SIGXCPU, SIGXFSZ, SIGTERM})
    sigaction(signal, &action, nullptr);
}

}  // namespace hotline::preflight
