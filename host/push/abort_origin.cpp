#include "push/abort_origin.h"

#include <dlfcn.h>
#include <link.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace hotline {

namespace {

constexpr std::size_t frames_max = 48;
constexpr std::size_t assert_frames_max = 2;  // __assert_fail, and what it calls within libc.

struct AbortCode {
  const void* abort = nullptr;
  const void* assert_fail = nullptr;
  std::array<MappedRange, 2> cxx_runtime{};  // libstdc++, libgcc_s.
};
AbortCode abort_code;

struct StackFrame {
  const void* pc;
  const void* function;
};
struct StackFrames {
  std::array<StackFrame, frames_max> frames;
  std::size_t count = 0;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* data) {
  auto& frames = *static_cast<StackFrames*>(data);
  if (frames.count == frames_max) return _URC_END_OF_STACK;
  int is_before = 0;
  const _Unwind_Ptr ip = _Unwind_GetIPInfo(context, &is_before);
  if (ip == 0) return _URC_END_OF_STACK;
  // A return address may be the first of the next function: what called lies before it.
  void* const pc = reinterpret_cast<void*>(is_before != 0 ? ip : ip - 1);
  frames.frames[frames.count++] = {pc, _Unwind_FindEnclosingFunction(pc)};
  return _URC_NO_REASON;
}

bool is_cxx_runtime(const void* pc) {
  return std::ranges::any_of(abort_code.cxx_runtime,
                             [pc](const MappedRange& range) { return range.contains(pc); });
}

}  // namespace

void find_abort_code() {
  abort_code.abort = dlsym(RTLD_DEFAULT, "abort");
  abort_code.assert_fail = dlsym(RTLD_DEFAULT, "__assert_fail");
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void*) {
        const bool is_cxx = std::strstr(info->dlpi_name, "libstdc++.so") != nullptr;
        const bool is_gcc = std::strstr(info->dlpi_name, "libgcc_s.so") != nullptr;
        if (!is_cxx && !is_gcc) return 0;
        MappedRange& range = abort_code.cxx_runtime[is_cxx ? 0 : 1];
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& header = info->dlpi_phdr[i];
          if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
          range = {info->dlpi_addr + header.p_vaddr, info->dlpi_addr + header.p_vaddr + header.p_memsz};
        }
        return 0;
      },
      nullptr);
}

const void* aborted_in(const MappedRange& code) noexcept {
  StackFrames found;
  _Unwind_Backtrace(take_frame, &found);
  const StackFrame* at = found.frames.data();
  const StackFrame* const end = at + found.count;
  while (at != end && at->function != abort_code.abort) ++at;
  if (at == end) return nullptr;
  const StackFrame* const first = at + 1;
  const StackFrame* const own =
      std::find_if(first, end, [&code](const StackFrame& frame) { return code.contains(frame.pc); });
  if (own == end) return nullptr;
  if (own == first) return own->pc;
  const auto between = static_cast<std::size_t>(own - first);
  const bool is_assert = (own - 1)->function == abort_code.assert_fail && between <= assert_frames_max;
  const bool is_cxx =
      std::all_of(first, own, [](const StackFrame& frame) { return is_cxx_runtime(frame.pc); });
  return is_assert || is_cxx ? own->pc : nullptr;
}

}  // namespace hotline
