// The start tag of a client's stream, <stream:stream …>, in a parse of its own (RFC 6120 4.7, 4.8).
#pragma once

#include <string>
#include <string_view>

#include "net/framer.h"

namespace hotline {

// As the streams' namespace is prefixed on the wire (RFC 6120 4.8.5).
inline constexpr std::string_view stream_prefix = "stream:";

struct StreamHeaderOutcome {
  StreamHeader header;
  // What it declares besides the default namespace and the prefix "stream", as attributes ready to be
  // written: XmlParser::Sender::declarations.
  std::string declarations;
  const char* condition = nullptr;  // Why it is refused, or null.
  std::string text;
};

// `bytes`: an XML declaration or none, then the start tag, to its '>'. Requires the streams namespace under
// the prefix "stream", the default namespace "jabber:client" and version 1.0 or later. `salt` is of
// XmlParser::new_salt().
StreamHeaderOutcome parse_stream_header(std::string_view bytes, const FramerLimits& limits,
                                        unsigned long salt);

// "1.0" or later, numerically; what the other side speaks then is 1.0.
bool is_version_supported(std::string_view version);

}  // namespace hotline
