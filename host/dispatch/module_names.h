// ModuleNames: a number for each module's name, the same while the process lives, whatever is pushed. Queued
// events, mailbox entries and timers name their module by it.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace hotline {

class ModuleNames {
 public:
  std::uint16_t number(std::string_view name) {  // Makes one when it is new. Any thread.
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return static_cast<std::uint16_t>(i);
    names_.emplace_back(name);
    return static_cast<std::uint16_t>(names_.size() - 1);
  }
  const std::string& name(std::uint16_t number) {  // Stays valid. Any thread.
    const std::lock_guard lock(mutex_);
    return names_[number];
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return names_.size();
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> names_;
};

}  // namespace hotline
