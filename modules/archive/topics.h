// What is posted to archive at an account's home. The numbers and the form of what comes with them are part
// of the module's schema: a generation takes what the one before it posted.
#pragma once

#include <cstdint>

namespace hotline::archive::topic {

constexpr std::uint32_t forget =
    1;                             // From registration: the account was removed, or has a new key. No bytes.
constexpr std::uint32_t keep = 2;  // From routing (keeping.h): id '\n' peer '\n' the message's bytes.

}  // namespace hotline::archive::topic
