// Escaping for what we write: & < > ' " everywhere, and what a parser would normalise away.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hotline {

enum class XmlPlace : unsigned char { text, attribute };

// The longest thing one byte becomes ("&apos;").
constexpr std::size_t escaped_growth_max = 6;

// In attributes CR, LF and TAB are escaped, in text CR: parsers would turn them into something else.
// Writes `text` escaped to `out`, which has room for escaped_growth_max times its size; the new end.
// `text` holds only what XML 1.0 allows (it came through the parser).
char* write_escaped(std::string_view text, XmlPlace place, char* out);

// Appends text of any origin, fit for both places: what is not XML 1.0 (control characters, U+FFFE,
// U+FFFF, bytes that are not UTF-8) becomes U+FFFD.
void append_escaped(std::string& out, std::string_view text);

}  // namespace hotline
