// hotline.log/1, clock/1, random/1, stats/1, config/1 and control/1: what needs no account.
#include "arena/block_owner.h"
#include "base/log.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"
#include "hotline/cap/clock.h"
#include "hotline/cap/config.h"
#include "hotline/cap/control.h"
#include "hotline/cap/log.h"
#include "hotline/cap/random.h"
#include "hotline/cap/stats.h"

namespace hotline {
namespace {

void log_write(const hl_host* host, int32_t level, hl_str text) {
  const ModuleContext& context = ModuleContext::of(host);
  if (level < HL_LOG_DEBUG || level > HL_LOG_ERROR) level = HL_LOG_INFO;
  if (level == HL_LOG_ERROR) context.shard.calls.module_erred(from_str(text));
  if (CallTape* tape = context.shard.calls.tape()) {
    tape->deeds().log(level, from_str(text));
    if (tape->replays()) return;
  }
  log::write(static_cast<log::Level>(level), "module.says",
             {{"module", context.manifest.name},
              {"version", context.manifest.version.text()},
              {"text", from_str(text)}});
}
constexpr hl_cap_log log_table{sizeof(hl_cap_log), 0, host_side<log_write>};

uint64_t clock_mono_us(const hl_host* host) {
  const Shard& shard = ModuleContext::of(host).shard;
  CallTape* const tape = shard.calls.tape();
  return tape == nullptr ? shard.now_us() : tape->mono_us(shard.now_us());
}
uint64_t clock_wall_ms(const hl_host* host) {
  const Shard& shard = ModuleContext::of(host).shard;
  CallTape* const tape = shard.calls.tape();
  return tape == nullptr ? shard.wall_ms() : tape->wall_ms(shard.wall_ms());
}
constexpr hl_cap_clock clock_table{sizeof(hl_cap_clock), 0, host_side<clock_mono_us>,
                                   host_side<clock_wall_ms>};

void random_fill(const hl_host* host, void* out, uint64_t size) {
  const Shard& shard = ModuleContext::of(host).shard;
  const std::span<unsigned char> bytes(static_cast<unsigned char*>(out), size);
  CallTape* const tape = shard.calls.tape();
  if (tape == nullptr) return shard.world.random->fill(bytes);
  tape->random(bytes, *shard.world.random);
}
constexpr hl_cap_random random_table{sizeof(hl_cap_random), 0, host_side<random_fill>};

hl_status stats_counter(const hl_host* host, hl_str name, uint32_t* counter) {
  const ModuleContext& context = ModuleContext::of(host);
  const std::string_view text = from_str(name);
  if (text.empty() || text.size() > 64 ||
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string_view::npos)
    return HL_E_INVALID;
  return context.shard.world.counter_names->number(context.module, text, counter) ? HL_OK : HL_E_FULL;
}
void stats_add(const hl_host* host, uint32_t counter, int64_t amount) {
  const ModuleContext& context = ModuleContext::of(host);
  if (counter >= ModuleCounters::max || open_transaction(context) == nullptr) return;
  if (CallTape* tape = context.shard.calls.tape()) {
    tape->deeds().count(counter, amount);
    if (tape->replays()) return;
  }
  std::atomic<std::int64_t>& value = context.shard.calls.counters(context.module).values[counter];
  value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
constexpr hl_cap_stats stats_table{sizeof(hl_cap_stats), 0, host_side<stats_counter>, host_side<stats_add>};

const std::string* setting(const hl_host* host, hl_str key) {
  const ModuleContext& context = ModuleContext::of(host);
  const auto& by_module = context.shard.world.settings.by_module;
  const auto module = by_module.find(context.manifest.name);
  if (module == by_module.end()) return nullptr;
  const auto value = module->second.find(std::string(from_str(key)));
  return value == module->second.end() ? nullptr : &value->second;
}
hl_str config_domain(const hl_host* host) {
  return to_str(ModuleContext::of(host).shard.world.settings.domain);
}
int64_t config_number(const hl_host* host, hl_str key, int64_t otherwise) {
  const std::string* value = setting(host, key);
  if (value == nullptr) return otherwise;
  char* end = nullptr;
  const long long number = std::strtoll(value->c_str(), &end, 10);
  return end == value->c_str() || *end != '\0' ? otherwise : number;
}
hl_str config_text(const hl_host* host, hl_str key, hl_str otherwise) {
  const std::string* value = setting(host, key);
  return value == nullptr ? otherwise : to_str(*value);
}
hl_str config_features(const hl_host* host) {
  return to_str(ModuleContext::of(host).shard.calls.serving().features);
}
hl_str config_services(const hl_host* host) {
  return to_str(ModuleContext::of(host).shard.calls.serving().services);
}
constexpr hl_cap_config config_table{sizeof(hl_cap_config),     0,
                                     host_side<config_domain>,  host_side<config_number>,
                                     host_side<config_text>,    host_side<config_features>,
                                     host_side<config_services>};

hl_status answer(const hl_host* host, uint64_t command, hl_str text, bool is_refusal) {
  Transaction* transaction = open_transaction(ModuleContext::of(host));
  if (transaction == nullptr) return HL_E_DENIED;
  Effect& effect = transaction->add(Effect::Kind::command_reply);
  effect.number64 = command;
  effect.text = transaction->keep_text(from_str(text));
  effect.flag = is_refusal;
  return HL_OK;
}
hl_status control_reply(const hl_host* host, uint64_t command, hl_str json) {
  return answer(host, command, json, false);
}
hl_status control_refuse(const hl_host* host, uint64_t command, hl_str message) {
  return answer(host, command, message, true);
}
constexpr hl_cap_control control_table{sizeof(hl_cap_control), 0, host_side<control_reply>,
                                       host_side<control_refuse>};

}  // namespace

const Capability log_capability{HL_CAP_LOG, &log_table};
const Capability clock_capability{HL_CAP_CLOCK, &clock_table};
const Capability random_capability{HL_CAP_RANDOM, &random_table};
const Capability stats_capability{HL_CAP_STATS, &stats_table};
const Capability config_capability{HL_CAP_CONFIG, &config_table};
const Capability control_capability{HL_CAP_CONTROL, &control_table};

}  // namespace hotline
