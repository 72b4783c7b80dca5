// UTF-8, checked strictly before any parser sees a byte: a parser that forgives an overlong form or a
// cut sequence may swallow the '<' behind it, and two parsers then see two stanzas (CVE-2022-25235).
#pragma once

#include <string_view>

namespace hotline {

// No overlong forms, surrogates, code points past U+10FFFF or cut sequences (RFC 3629 3). Any thread.
bool is_utf8(std::string_view bytes);

}  // namespace hotline
