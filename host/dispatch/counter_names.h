// CounterNames: a number for each counter a module names; the same while the process lives, so that a counter
// goes on through pushes. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/module_context.h"

namespace hotline {

class CounterNames {
 public:
  // False: the module has as many as it may.
  bool number(std::uint16_t module, std::string_view name, std::uint32_t* number) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string>& names = names_[module];
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) {
        *number = static_cast<std::uint32_t>(i);
        return true;
      }
    if (names.size() >= ModuleCounters::max) return false;
    *number = static_cast<std::uint32_t>(names.size());
    names.emplace_back(name);
    return true;
  }
  std::vector<std::string> names(std::uint16_t module) {
    const std::lock_guard lock(mutex_);
    return names_[module];
  }

 private:
  std::mutex mutex_;
  std::map<std::uint16_t, std::vector<std::string>> names_;
};

}  // namespace hotline
