// hotline.config/1: what the operator configured for this host and module. [shard] [stage] for all calls.
#ifndef HOTLINE_CAP_CONFIG_H
#define HOTLINE_CAP_CONFIG_H

#include "hotline/host.h"

#define HL_CAP_CONFIG "hotline.config/1"

typedef struct hl_cap_config {
  uint32_t size;
  uint32_t reserved;
  hl_str (*domain)(const hl_host* host);  // Valid until destroy.
  // Values of "modules": { "<name>": { … } }, with the default given here when the key is not there.
  int64_t (*number)(const hl_host* host, hl_str key, int64_t otherwise);
  hl_str (*text)(const hl_host* host, hl_str key, hl_str otherwise);  // Valid until destroy.
  // All `feature` lines of the live modules, sorted, each ended with \n. Until the event ends.
  hl_str (*features)(const hl_host* host);
  // The same of all `service` lines: the first labels of the domains that modules answer for.
  hl_str (*services)(const hl_host* host);
} hl_cap_config;

#endif
