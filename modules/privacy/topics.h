// What is posted to privacy at another account's home. The numbers and the form of what comes with them are
// part of the module's schema: a generation takes what the one before it posted.
#pragma once

#include <cstdint>

namespace hotline::privacy {

namespace topic {
constexpr std::uint32_t account_removed = 1;  // From registration: no bytes.
constexpr std::uint32_t last_asked = 2;       // A stanza: an iq that asks when the account was last there.
constexpr std::uint32_t answer = 3;           // resource '\n' stanza: for that session of the account.
constexpr std::uint32_t contact_asked = 4;    // asker '\n' request '\n' text: whether the account exists.
constexpr std::uint32_t contact_told = 5;     // request '\n' yes or no '\n' local part '\n' text
// To presence (its words.h).
constexpr std::uint32_t presence_blocked = 6;
constexpr std::uint32_t presence_unblocked = 7;
}  // namespace topic

}  // namespace hotline::privacy
