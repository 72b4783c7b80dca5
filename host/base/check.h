// check(): a bug in the core ends the process, in release too. Nothing can be said of a state that
// was never supposed to be, and the store has every safe message.
#pragma once

#include <string_view>

namespace hotline {

// Where a call stands. std::source_location needs a builtin that clang 14 does not have.
struct SourcePlace {
  const char* file;
  int line;
  const char* function;

  static constexpr SourcePlace current(const char* file = __builtin_FILE(), int line = __builtin_LINE(),
                                       const char* function = __builtin_FUNCTION()) {
    return {file, line, function};
  }
};

[[noreturn]] void check_failed(std::string_view what, SourcePlace where);

inline void check(bool holds, std::string_view what, SourcePlace where = SourcePlace::current()) {
  if (!holds) [[unlikely]]
    check_failed(what, where);
}

}  // namespace hotline
