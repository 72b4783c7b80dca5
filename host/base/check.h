// check(): a bug in the core ends the process, in release too. Nothing can be said of a state that
// was never supposed to be, and the store has every safe message.
#pragma once

#include <source_location>
#include <string_view>

namespace hotline {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

inline void check(bool holds, std::string_view what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    check_failed(what, where);
}

}  // namespace hotline
