// What the operator configured, as the parts of the host take it.
#pragma once

#include <vector>

#include "control/config.h"
#include "dispatch/host.h"
#include "outbox/gateway.h"
#include "outbox/relay.h"
#include "outbox/transcoder.h"
#include "push/pipeline.h"

namespace hotline {

Host::Settings host_settings(const Config& config);
// Reads the files of secrets.
Result<std::vector<GatewaySettings>> gateway_settings(const Config& config);
// `takes_over`: from a process that still makes files.
TranscoderSettings transcoder_settings(const Config& config, const std::string& state_dir, bool takes_over);
std::vector<RelayNode> relay_nodes(const Config& config);
PushSettings push_settings(const Config& config);
ListenerFacts facts_of(const ListenAddress& listen);

}  // namespace hotline
