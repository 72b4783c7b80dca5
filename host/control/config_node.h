// One node of the configuration's `nodes`, from its values.
#pragma once

#include <map>
#include <string>

#include "control/config.h"

namespace hotline {

// The error says what is wrong with it, beginning with its path: "`nodes.two` lacks `url` …".
Result<ConfiguredNode> read_node(const std::string& name,
                                 const std::map<std::string, Config::ModuleValue>& values);

}  // namespace hotline
