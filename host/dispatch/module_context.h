// ModuleContext: what stands behind the hl_host of one generation on one shard: who is calling, and what its
// manifest allows it. Made when a generation is staged, gone after its instances.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/call_meter.h"
#include "dispatch/fault_allowance.h"
#include "hotline/host.h"
#include "push/generation.h"

namespace hotline {

class Shard;

// What the operator configured, as modules see it. Immutable; one for the host's life.
struct ModuleSettings {
  std::string domain = "localhost";
  std::map<std::string, std::map<std::string, std::string>>
      by_module;  // Values as text: "1", "true", "words".
};

// Counters of a module that survive its generations, summed over shards when they are shown. Each shard
// writes its own; anyone reads.
struct ModuleCounters {
  static constexpr std::size_t max = 64;
  std::array<std::atomic<std::int64_t>, max> values{};
};

class ModuleContext {
 public:
  ModuleContext(Shard& shard, const Manifest& manifest, std::uint16_t module);
  ModuleContext(const ModuleContext&) = delete;
  ModuleContext& operator=(const ModuleContext&) = delete;

  static ModuleContext& of(const hl_host* host) { return *static_cast<ModuleContext*>(host->context); }
  const hl_host* host() const { return &host_; }

  Shard& shard;
  const Manifest& manifest;    // Its generation's.
  const std::uint16_t module;  // Its number (ModuleNames).

  struct TableGrant {
    std::uint32_t number = 0;
    std::uint32_t writes = 0;  // 0: another module's, for reading.
    bool is_durable = false;
    const TableClaim* claim = nullptr;  // nullptr: another module's.
    std::string name;
  };
  // nullptr: its manifest does not name it. Called for each access: an account's tables are few.
  const TableGrant* grant(std::uint32_t table) const;
  std::vector<TableGrant> tables;

  CallMeter meter;
  FaultAllowance allowance;

 private:
  hl_host host_{};
};

}  // namespace hotline
