// hotline.timer/1 and hotline.post/1: what happens later, and what happens elsewhere.
#include <algorithm>
#include <span>

#include "arena/block_owner.h"
#include "base/address.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"
#include "hotline/cap/post.h"
#include "hotline/cap/timer.h"

namespace hotline {
namespace {

constexpr std::size_t key_bytes_max = 3'072;
constexpr std::size_t timer_bytes_max = 65'536;

hl_status timer_set(const hl_host* host, hl_str bare, hl_str key, uint64_t delay_ms, hl_str bytes) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  Shard& shard = context.shard;
  if (!shard.is_home(from_str(bare))) return HL_E_ELSEWHERE;
  if (key.size > key_bytes_max || bytes.size > timer_bytes_max) return HL_E_INVALID;
  if (!shard.module_timers.has(context.module, from_str(bare), from_str(key)) &&
      !shard.module_timers.has_room(from_str(bare)))
    return HL_E_FULL;
  Effect& effect = transaction->add(Effect::Kind::timer_set);
  effect.text = transaction->keep_text(from_str(bare));
  effect.text2 = transaction->keep_text(from_str(key));
  effect.number64 = shard.now_us() + delay_ms * 1'000;
  effect.number = static_cast<std::uint32_t>(std::min<std::uint64_t>(delay_ms, UINT32_MAX));
  effect.bytes = Buffer::copy(from_str(bytes));
  return HL_OK;
}

hl_status timer_cancel(const hl_host* host, hl_str bare, hl_str key) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  if (!context.shard.is_home(from_str(bare))) return HL_E_ELSEWHERE;
  if (!context.shard.module_timers.has(context.module, from_str(bare), from_str(key))) return HL_E_NONE;
  Effect& effect = transaction->add(Effect::Kind::timer_cancel);
  effect.text = transaction->keep_text(from_str(bare));
  effect.text2 = transaction->keep_text(from_str(key));
  return HL_OK;
}

constexpr hl_cap_timer timer_table{sizeof(hl_cap_timer), 0, host_side<timer_set>, host_side<timer_cancel>};

hl_status add_post(const hl_host* host, std::uint16_t module, hl_str account, uint32_t topic,
                   Ref<const Buffer> bytes, bool is_stanza) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  Address address;
  if (!parse_address(from_str(account), address) || address.has_resource) return HL_E_INVALID;
  if (!context.shard.has_room_for(address.bare)) return HL_E_FULL;
  Effect& effect = transaction->add(Effect::Kind::post);
  effect.text = transaction->keep_text(address.bare);
  effect.number = topic;
  effect.number64 = module;
  effect.bytes = std::move(bytes);
  effect.flag = is_stanza;
  return HL_OK;
}

hl_status post_bytes(const hl_host* host, hl_str account, uint32_t topic, hl_str bytes) {
  return add_post(host, ModuleContext::of(host).module, account, topic, Buffer::copy(from_str(bytes)), false);
}

// The buffer of a stanza that this call was given or parsed; null: it is neither.
Ref<const Buffer> buffer_of(const Transaction& transaction, const hl_stanza* stanza) {
  const auto* parsed = static_cast<const Stanza*>(stanza->index);
  if (parsed == nullptr || parsed != transaction.stanza()) return transaction.find_kept(parsed);
  parsed->retain();
  return Ref<const Buffer>::adopt(parsed);
}

hl_status add_stanza_post(const hl_host* host, std::uint16_t module, hl_str account, uint32_t topic,
                          const hl_stanza* stanza) {
  const Transaction* transaction = open_transaction(ModuleContext::of(host));
  if (transaction == nullptr || stanza->index == nullptr) return HL_E_DENIED;
  Ref<const Buffer> buffer = buffer_of(*transaction, stanza);
  if (!buffer) return HL_E_INVALID;
  return add_post(host, module, account, topic, std::move(buffer), true);
}

hl_status post_stanza(const hl_host* host, hl_str account, uint32_t topic, const hl_stanza* stanza) {
  return add_stanza_post(host, ModuleContext::of(host).module, account, topic, stanza);
}

// The number of another module that takes this one's posts.
hl_status receiver(const hl_host* host, hl_str module, std::uint16_t* number) {
  const ModuleContext& context = ModuleContext::of(host);
  const ServingSet& set = context.shard.calls.serving();
  const ModuleIndex place = set.routes->module(from_str(module));
  if (place == no_module) return HL_E_NONE;
  if (!set.routes->accepts_posts(place, context.manifest.name)) return HL_E_DENIED;
  *number = set.numbers[place];
  if (set.module(*number) == nullptr) return HL_E_NONE;  // It is disabled.
  return HL_OK;
}

hl_status post_to_module(const hl_host* host, hl_str module, hl_str account, uint32_t topic, hl_str bytes) {
  std::uint16_t number = 0;
  const hl_status status = receiver(host, module, &number);
  if (status != HL_OK) return status;
  return add_post(host, number, account, topic, Buffer::copy(from_str(bytes)), false);
}

hl_status post_stanza_to_module(const hl_host* host, hl_str module, hl_str account, uint32_t topic,
                                const hl_stanza* stanza) {
  std::uint16_t number = 0;
  const hl_status status = receiver(host, module, &number);
  return status == HL_OK ? add_stanza_post(host, number, account, topic, stanza) : status;
}

hl_status post_reaches(const hl_host* host, hl_str module) {
  std::uint16_t number = 0;
  if (open_transaction(ModuleContext::of(host)) == nullptr) return HL_E_DENIED;
  return receiver(host, module, &number);
}

hl_status post_fan_out(const hl_host* host, const hl_str* accounts, uint64_t count, uint32_t topic,
                       const hl_stanza* stanza) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr || stanza->index == nullptr) return HL_E_DENIED;
  if (stanza->to.data != nullptr) return HL_E_INVALID;
  Ref<const Buffer> buffer = buffer_of(*transaction, stanza);
  if (!buffer) return HL_E_INVALID;
  std::string lines;
  for (const hl_str& account : std::span(accounts, count)) {
    Address address;
    const std::string_view text = from_str(account);
    if (!parse_address(text, address) || address.has_resource || text.find('\n') != std::string_view::npos)
      return HL_E_INVALID;
    if (!context.shard.has_room_for(text)) return HL_E_FULL;
    lines.append(text).append(1, '\n');
  }
  if (lines.empty()) return HL_OK;
  Effect& effect = transaction->add(Effect::Kind::fan_out);
  effect.text = transaction->keep_text(lines);
  effect.number = topic;
  effect.number64 = context.module;
  effect.bytes = std::move(buffer);
  return HL_OK;
}

constexpr hl_cap_post post_table{sizeof(hl_cap_post),       0,
                                 host_side<post_bytes>,     host_side<post_stanza>,
                                 host_side<post_to_module>, host_side<post_stanza_to_module>,
                                 host_side<post_fan_out>,   host_side<post_reaches>};

}  // namespace

const Capability timer_capability{HL_CAP_TIMER, &timer_table};
const Capability post_capability{HL_CAP_POST, &post_table};

}  // namespace hotline
