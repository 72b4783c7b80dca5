// ModuleTimers: timers that modules set, by account and key. When one is due the module's current generation
// is called.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/buffer.h"
#include "state/account.h"

namespace hotline {

class Shard;

class ModuleTimers {
 public:
  explicit ModuleTimers(Shard& shard) : shard_(shard) {}

  bool has_room(std::string_view account) const;
  void set(std::uint16_t module, std::string account, std::string key, std::uint64_t due_us,
           Ref<const Buffer> bytes);
  bool has(std::uint16_t module, std::string_view account, std::string_view key) const;
  void cancel(std::uint16_t module, const std::string& account, const std::string& key);
  std::size_t size() const { return timers_.size(); }
  // All of an account that leaves.
  struct Taken {
    std::uint16_t module = 0;
    std::string key;
    std::uint64_t due_us = 0;
    Ref<const Buffer> bytes;
  };
  std::vector<Taken> take(Account& account);

 private:
  using Name = std::tuple<std::uint16_t, std::string, std::string>;
  struct Timer {
    std::uint64_t id = 0;
    Ref<const Buffer> bytes;
  };
  void fire(const Name& name);

  Shard& shard_;
  std::map<Name, Timer> timers_;
};

}  // namespace hotline
