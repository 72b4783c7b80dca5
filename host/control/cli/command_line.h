// `hotline [--state DIR | --socket PATH] [--json] VERB …`: what is typed, and the verb that does it.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace hotline::cli {

// `arguments` without the program's name. What it writes goes to the context's streams.
Exit run_command_line(Context& context, const std::string& version,
                      const std::vector<std::string>& arguments);

}  // namespace hotline::cli
