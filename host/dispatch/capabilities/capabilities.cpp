#include "dispatch/capabilities/capabilities.h"

#include <array>

#include "arena/block_owner.h"
#include "dispatch/shard.h"

namespace hotline {

std::span<const Capability> capabilities() {
  static const std::array all = {
      clock_capability,   config_capability, control_capability, crypto_capability,  log_capability,
      mailbox_capability, post_capability,   random_capability,  session_capability, stanza_capability,
      stats_capability,   stream_capability, table_capability,   timer_capability,   http_capability,
      outbox_capability,  login_capability,  file_capability};
  return all;
}

Transaction* open_transaction(const ModuleContext& context) {
  Transaction& transaction = context.shard.calls.transaction();
  return transaction.is_open() && transaction.module() == context.module ? &transaction : nullptr;
}

ModuleContext::ModuleContext(Shard& its_shard, const Manifest& its_manifest, std::uint16_t its_module)
    : shard(its_shard), manifest(its_manifest), module(its_module) {
  host_.size = sizeof(hl_host);
  host_.abi_major = HL_ABI_MAJOR;
  host_.abi_minor = HL_ABI_MINOR;
  host_.context = this;
  host_.capability = [](const hl_host* host, const char* name) -> const void* {
    const OwnedByProcess owned;
    if (!of(host).manifest.names_capability(name)) return nullptr;
    for (const Capability& capability : capabilities())
      if (capability.name == name) return capability.table;
    return nullptr;
  };
}

const ModuleContext::TableGrant* ModuleContext::grant(std::uint32_t table) const {
  for (const TableGrant& granted : tables)
    if (granted.number == table) return &granted;
  return nullptr;
}

}  // namespace hotline
