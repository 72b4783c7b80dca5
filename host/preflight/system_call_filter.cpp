#include "preflight/system_call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>

namespace hotline::preflight {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_machine = AUDIT_ARCH_AARCH64;
#else
#error "the filter needs to know the numbers of this machine's system calls"
#endif
constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EACCES;
constexpr std::uint32_t not_permitted = SECCOMP_RET_ERRNO | EPERM;

constexpr std::uint32_t at_number = offsetof(seccomp_data, nr);
std::uint32_t at_argument(unsigned number) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
}
sock_filter load_word(std::uint32_t at) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at);
}
sock_filter jump(std::uint16_t how, std::uint32_t value, std::uint8_t if_so, std::uint8_t if_not) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | how), value, if_so, if_not);
}
sock_filter end(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

}  // namespace

SystemCallFilter::SystemCallFilter() {
  code_ = {load_word(offsetof(seccomp_data, arch)), jump(BPF_JEQ, own_machine, 1, 0), end(SECCOMP_RET_TRAP),
           load_word(at_number)};
#if defined(__x86_64__)
  constexpr std::uint32_t x32_bit = 0x40000000;  // The same calls under other numbers.
  code_.push_back(jump(BPF_JGE, x32_bit, 0, 1));
  code_.push_back(end(SECCOMP_RET_TRAP));
#endif
}

void SystemCallFilter::answer(int call, std::uint32_t action) {
  code_.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1));
  code_.push_back(end(action));
}

void SystemCallFilter::forbid(std::initializer_list<int> calls) {
  for (const int call : calls) answer(call, SECCOMP_RET_TRAP);
}

void SystemCallFilter::refuse(std::initializer_list<int> calls, std::uint16_t error) {
  for (const int call : calls) answer(call, SECCOMP_RET_ERRNO | error);
}

void SystemCallFilter::refuse_bits(int call, unsigned number, std::uint32_t bits) {
  code_.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4));
  code_.push_back(load_word(at_argument(number)));
  code_.push_back(jump(BPF_JSET, bits, 0, 1));
  code_.push_back(end(refused));
  code_.push_back(load_word(at_number));
}

void SystemCallFilter::refuse_where(int call, unsigned number, std::uint32_t value) {
  code_.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4));
  code_.push_back(load_word(at_argument(number)));
  code_.push_back(jump(BPF_JEQ, value, 0, 1));
  code_.push_back(end(not_permitted));
  code_.push_back(load_word(at_number));
}

void SystemCallFilter::refuse_unless(int call, unsigned number, std::initializer_list<std::uint32_t> values) {
  auto left = static_cast<std::uint8_t>(values.size());
  code_.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, static_cast<std::uint8_t>(left + 3)));
  code_.push_back(load_word(at_argument(number)));
  for (const std::uint32_t value : values) code_.push_back(jump(BPF_JEQ, value, left--, 0));
  code_.push_back(end(not_permitted));
  code_.push_back(load_word(at_number));
}

void SystemCallFilter::forbid_unless(int call, unsigned number, std::uint32_t value) {
  code_.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 4));
  code_.push_back(load_word(at_argument(number)));
  code_.push_back(jump(BPF_JEQ, value, 1, 0));
  code_.push_back(end(SECCOMP_RET_TRAP));
  code_.push_back(load_word(at_number));
}

bool SystemCallFilter::load() {
  code_.push_back(end(SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace hotline::preflight
