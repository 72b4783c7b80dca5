// What is posted to profile at another account's home. The numbers and the form of what comes with them are
// part of the module's schema: a generation takes what the one before it posted.
#pragma once

#include <cstdint>

namespace hotline::profile::topic {

constexpr std::uint32_t account_removed = 1;  // From registration: no bytes.
constexpr std::uint32_t asked = 2;            // A stanza: an iq that asks for something of the account.
constexpr std::uint32_t answer = 3;           // resource '\n' stanza: for that session of the account.
constexpr std::uint32_t published = 4;        // owner '\n' node '\n' event: for sessions that want that node.
constexpr std::uint32_t wanted =
    5;                             // asker '\n' nodes: the last item of each of them that the asker may see.
constexpr std::uint32_t came = 6;  // From presence: resource '\n' capabilities: a session is available.
constexpr std::uint32_t told = 7;  // From session: resource '\n' id '\n' features: a client's answer to ours.

}  // namespace hotline::profile::topic
