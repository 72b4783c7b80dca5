#include "dispatch/module_timers.h"

#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::uint64_t absent_retry_us = 1'000'000;
}  // namespace

bool ModuleTimers::has_room(std::string_view account) const {
  const Account* found = shard_.accounts.find(account);
  return found == nullptr || found->timers < shard_.world.limits.timers_per_account_max;
}

bool ModuleTimers::has(std::uint16_t module, std::string_view account, std::string_view key) const {
  return timers_.contains({module, std::string(account), std::string(key)});
}

void ModuleTimers::set(std::uint16_t module, std::string account, std::string key, std::uint64_t due_us,
                       Ref<const Buffer> bytes) {
  cancel(module, account, key);
  ++shard_.accounts.get(account).timers;
  Name name{module, std::move(account), std::move(key)};
  const std::uint64_t id = shard_.timers.set(due_us, [this, name] { fire(name); });
  timers_.emplace(std::move(name), Timer{id, std::move(bytes)});
}

void ModuleTimers::cancel(std::uint16_t module, const std::string& account, const std::string& key) {
  const auto found = timers_.find({module, account, key});
  if (found == timers_.end()) return;
  shard_.timers.cancel(found->second.id);
  timers_.erase(found);
  if (Account* owner = shard_.accounts.find(account)) {
    --owner->timers;
    shard_.accounts.drop_if_empty(*owner);
  }
}

std::vector<ModuleTimers::Taken> ModuleTimers::take(Account& account) {
  std::vector<Taken> taken;
  const auto modules = static_cast<std::uint16_t>(shard_.world.modules->size());
  for (std::uint16_t module = 0; module < modules && taken.size() < account.timers; ++module) {
    auto at = timers_.lower_bound(Name{module, account.address, std::string()});
    while (at != timers_.end() && std::get<0>(at->first) == module &&
           std::get<1>(at->first) == account.address) {
      taken.push_back(
          {module, std::get<2>(at->first), shard_.timers.due_us(at->second.id), std::move(at->second.bytes)});
      shard_.timers.cancel(at->second.id);
      at = timers_.erase(at);
    }
  }
  account.timers = 0;
  return taken;
}

void ModuleTimers::fire(const Name& name) {
  const auto found = timers_.find(name);
  if (found == timers_.end()) return;
  const auto [module, account, key] = name;
  // Of a module that is disabled it waits.
  if (shard_.calls.live().of(account).module(module) == nullptr) {
    found->second.id =
        shard_.timers.set(shard_.now_us() + absent_retry_us, [this, its = name] { fire(its); });
    return;
  }
  const Ref<const Buffer> bytes = std::move(found->second.bytes);
  timers_.erase(found);
  if (Account* owner = shard_.accounts.find(account)) --owner->timers;
  shard_.calls.timer(module, account, key, !bytes ? std::string_view() : bytes->bytes());
  if (Account* owner = shard_.accounts.find(account)) shard_.accounts.drop_if_empty(*owner);
}

}  // namespace hotline
