// Who a user id is, for those who read it later.
#pragma once

#include <pwd.h>
#include <sys/types.h>

#include <array>
#include <string>

namespace hotline {

// "anna"; "#1001" where the system has no name for it. Any thread.
inline std::string user_name(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return "#" + std::to_string(uid);
}

}  // namespace hotline
