// A word of the command line that stands where a verb must, and is none.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hotline::cli {

struct UnknownVerb {
  std::string verbs;    // Those before it: " canary", or empty.
  std::string message;  // With what was likely meant.
};

std::optional<UnknownVerb> unknown_verb(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace hotline::cli
