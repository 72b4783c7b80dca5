// A shell's completion of verbs, options and files.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace hotline::cli {

// A script for bash: `source <(hotline completion bash)`.
std::string bash_completion(const CLI::App& app);

}  // namespace hotline::cli
