// What is posted to push_notify at an account's home. The numbers and the form of what comes with them are
// part of the module's schema: a generation takes what the one before it posted.
#pragma once

#include <cstdint>

namespace hotline::push_notify::topic {

constexpr std::uint32_t forget =
    1;                              // From registration: the account was removed, or has a new key. No bytes.
constexpr std::uint32_t waits = 2;  // From who put something into its mailbox (waiting.h): no bytes.

}  // namespace hotline::push_notify::topic
