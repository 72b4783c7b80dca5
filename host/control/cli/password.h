// A password from whoever types or pipes it. Never from the command line, where others can read it.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"

namespace hotline::cli {

constexpr std::size_t password_bytes_max = 1'024;

// At a terminal: asked for twice, without echo. Otherwise: the first line of standard input.
Result<std::string> read_password(Context& context, const std::string& account);

}  // namespace hotline::cli
