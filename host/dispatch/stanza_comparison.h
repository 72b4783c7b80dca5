// In what two stanzas differ, by name: "attribute 'type'", "child 'body'", "text". Never what is in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/stanza.h"

namespace hotline {

// Empty: in nothing but how they are written down. Attributes and children of the root are told apart; what
// lies deeper is its child's.
std::vector<std::string> stanza_differences(const Stanza& live, const Stanza& candidate);

// A name that a client may have chosen, as it can be shown: short, and of plain characters.
std::string shown_name(std::string_view name);

}  // namespace hotline
