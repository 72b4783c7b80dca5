// What routing posts to itself at another account's home. The numbers and what comes with them are part of
// the module's schema: a generation takes what the one before it posted.
#pragma once

#include <cstdint>

namespace hotline::routing::topic {

constexpr std::uint32_t deliver =
    1;  // A stanza whose `to` is at that account, prepared, `from` a full address.
constexpr std::uint32_t answer = 2;  // Bytes: an error stanza for the full address in its `to`.

constexpr std::uint32_t give_back =
    3;  // An error stanza for its sender, which is kept for it while it is away.

constexpr std::uint32_t presence = 4;  // From presence, for a session that has used XEP-0352: client_state.h.

}  // namespace hotline::routing::topic
