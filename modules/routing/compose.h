// Making one stanza's bytes from another's: all of them work on canonical bytes, whose shape the host
// promises (hotline/types.h), and keep everything they do not name.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::routing {

// The stanza with `to` as its address and without what is_forged(): to be parsed and used in its place.
std::string readdressed(const sdk::Stanzas& stanzas, const hl_stanza& stanza, std::string_view to,
                        std::string_view domain);

// The stanza without what says that somebody has read a message: to be parsed and used in its place.
std::string without_read_markers(const sdk::Stanzas& stanzas, const hl_stanza& stanza);

// `xml` with one more child, behind the others.
std::string with_child(std::string_view xml, std::string_view child);

// XEP-0203: when a message that was kept came in.
std::string delay_element(std::string_view domain, std::uint64_t stored_wall_ms);

enum class CarbonKind { sent, received };

// XEP-0280 7: `message_xml` wrapped, from the account to one of its own sessions. An absent `type` is left
// out.
std::string carbon(CarbonKind kind, std::string_view account, std::string_view session_address,
                   std::string_view type, std::string_view message_xml);

}  // namespace hotline::routing
