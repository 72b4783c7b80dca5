// One gateway of the configuration's `outbox`, from its values.
#pragma once

#include <map>
#include <string>

#include "control/config.h"

namespace hotline {

// The error says what is wrong with it, beginning with its path: "`outbox.sms` lacks `url` …".
Result<ConfiguredGateway> read_gateway(const std::string& name,
                                       const std::map<std::string, Config::ModuleValue>& values);

// What is said there is meant for one reader: in clear it goes no further than this machine.
bool is_safe_url(const std::string& url);

}  // namespace hotline
