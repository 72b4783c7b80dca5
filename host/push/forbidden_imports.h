// Functions a module must not call, because what they do is the host's or outlives the module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hotline {

// Why an import is forbidden and what to do instead; NULL: it is not.
const char* why_forbidden(std::string_view import);
// The name as in the source where it can be told: "std::thread::_M_start_thread(...)".
std::string readable_name(const std::string& symbol);

}  // namespace hotline
