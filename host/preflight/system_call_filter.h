// SystemCallFilter: which system calls end this process, and which are refused to it, as a seccomp program.
//
// Once loaded it holds for good; one loaded later is asked besides. Written by hand: what is needed of
// libseccomp are these few instructions.
//
// [one thread]
#pragma once

#include <linux/filter.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hotline::preflight {

class SystemCallFilter {
 public:
  SystemCallFilter();

  // SIGSYS: the death note tells where.
  void forbid(std::initializer_list<int> calls);
  // It answers `error`.
  void refuse(std::initializer_list<int> calls, std::uint16_t error = EACCES);
  // The same where argument `number` has one of these bits.
  void refuse_bits(int call, unsigned number, std::uint32_t bits);
  // EPERM where it is that, and where it is none of these.
  void refuse_where(int call, unsigned number, std::uint32_t value);
  void refuse_unless(int call, unsigned number, std::initializer_list<std::uint32_t> values);
  // SIGSYS where argument `number` is another than that.
  void forbid_unless(int call, unsigned number, std::uint32_t value);

  // False: the kernel has none of it; errno says why.
  bool load();

 private:
  void answer(int call, std::uint32_t action);
  std::vector<sock_filter> code_;
};

}  // namespace hotline::preflight
