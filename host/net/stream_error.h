// What a stream's end looks like in XML, the same for TCP and WebSocket (RFC 6120 4.9).
#pragma once

#include <string>
#include <string_view>

namespace hotline {

// Appends <stream:error> with `condition` and, when it is not empty, `text`. `declaration` goes into its
// start tag (over WebSocket nothing else declares the prefix).
void append_stream_error(std::string& out, std::string_view condition, std::string_view text,
                         std::string_view declaration);

// Appends " name='value'", escaped, unless the value is empty.
void append_attribute(std::string& out, std::string_view name, std::string_view value);

}  // namespace hotline
