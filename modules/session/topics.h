// What session is told by registration (post.to_module) at an account's home, without bytes: the password
// that its tokens were got with is no longer the account's.
#pragma once

#include <cstdint>

namespace hotline::session::topic {

constexpr std::uint32_t account_removed = 1;
constexpr std::uint32_t key_replaced = 2;  // A number was registered anew.
constexpr std::uint32_t password_changed = 3;

}  // namespace hotline::session::topic
