// The capabilities the host has, by name: what verification compares a manifest with and what
// hl_host.capability gives.
//
// Each table is one file of this folder; its functions check what a module may ask for at that moment (its
// own call, at the account's home, within bounds) and put what it asks for into the transaction. Each stands
// in its table as host_side<function>: what it allocates is the host's, and not the calling module's.
#pragma once

#include <span>
#include <string_view>

#include "dispatch/calls.h"
#include "dispatch/module_context.h"

namespace hotline {

struct Capability {
  std::string_view name;  // "hotline.table/1"
  const void* table;
};

std::span<const Capability> capabilities();

extern const Capability clock_capability, config_capability, control_capability, crypto_capability,
    file_capability, http_capability, log_capability, login_capability, mailbox_capability, outbox_capability,
    post_capability, random_capability, session_capability, stanza_capability, stats_capability,
    stream_capability, table_capability, timer_capability;

// The transaction of the call the module is in; nullptr outside one (then it may not act: HL_E_DENIED).
Transaction* open_transaction(const ModuleContext& context);

}  // namespace hotline
