// FieldNames: a place in every session for each field that modules name. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "state/session.h"

namespace hotline {

class FieldNames {
 public:
  // False: there are as many as a session has places.
  bool number(std::string_view name, std::uint32_t* number) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) {
        *number = static_cast<std::uint32_t>(i);
        return true;
      }
    if (names_.size() >= Session::fields_max) return false;
    *number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
    return true;
  }

  // Empty: there is no such field.
  std::string name(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    return number < names_.size() ? names_[number] : std::string();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
};

}  // namespace hotline
