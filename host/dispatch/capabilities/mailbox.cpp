// hotline.mailbox/1: what an account's devices have not yet accepted.
#include "hotline/cap/mailbox.h"

#include "arena/block_owner.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"

namespace hotline {
namespace {

struct AskedMailbox {
  ModuleContext& context;
  Transaction* transaction;
  Account* account;  // nullptr: it has nothing.
  hl_status status;
};

AskedMailbox ask_mailbox(const hl_host* host, hl_str bare) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  hl_status status = transaction == nullptr ? HL_E_DENIED : HL_OK;
  if (status == HL_OK && !context.shard.is_home(from_str(bare))) status = HL_E_ELSEWHERE;
  return {context, transaction, status == HL_OK ? context.shard.accounts.find(from_str(bare)) : nullptr,
          status};
}

std::uint64_t next_id(Shard& shard) {
  const auto next = [&shard] { return shard.world.next_entry_id(); };
  CallTape* const tape = shard.calls.tape();
  return tape == nullptr ? next() : tape->entry_id(next);
}

hl_status mailbox_put(const hl_host* host, hl_str bare, const hl_stanza* stanza, uint64_t tag, uint32_t flags,
                      hl_entry* entry) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  Shard& shard = asked.context.shard;
  const ShardLimits& limits = shard.world.limits;
  const std::string_view xml = from_str(stanza->xml);
  const bool is_full =
      asked.account != nullptr && (asked.account->mailbox.size() >= limits.mailbox_entries_max ||
                                   asked.account->mailbox.bytes() + xml.size() > limits.mailbox_bytes_max);
  if (is_full || shard.window.is_full()) {
    if (!shard.calls.is_shadow()) shard.counters.mailbox_full.add();
    return HL_E_FULL;
  }
  const auto* parsed = static_cast<const Stanza*>(stanza->index);
  Ref<const Buffer> body;
  if (parsed != nullptr && parsed == asked.transaction->stanza()) {
    parsed->retain();
    body = Ref<const Buffer>::adopt(parsed);
  } else {
    body = Buffer::copy(xml);
  }
  auto made = Ref<MailboxEntry>::adopt(new MailboxEntry);
  made->id = next_id(shard);
  made->tag = tag;
  made->flags = flags;
  made->wall_ms = shard.wall_ms();
  made->module = asked.context.module;
  made->set_body(std::move(body));
  *entry = made->id;
  asked.transaction->know(made);
  Effect& effect = asked.transaction->add(Effect::Kind::mailbox_put);
  effect.text = asked.transaction->keep_text(from_str(bare));
  effect.entry = std::move(made);
  return HL_OK;
}

hl_status drain(const hl_host* host, hl_session session) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  if (context.shard.sessions.find(session) == nullptr) return HL_E_GONE;
  transaction->add(Effect::Kind::mailbox_drain).handle = session;
  return HL_OK;
}

hl_status remove_entry(const AskedMailbox& asked, MailboxEntry* entry) {
  if (entry == nullptr) return HL_E_NONE;
  entry->retain();
  Effect& effect = asked.transaction->add(Effect::Kind::mailbox_remove);
  effect.text = asked.transaction->keep_text(asked.account->address);
  effect.entry = Ref<MailboxEntry>::adopt(entry);
  return HL_OK;
}

hl_status accept(const hl_host* host, hl_str bare, uint64_t tag) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  if (asked.account == nullptr || tag == 0) return HL_E_NONE;
  return remove_entry(asked, asked.account->mailbox.find_tag(tag));
}

hl_status remove(const hl_host* host, hl_str bare, hl_entry entry) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  return asked.account == nullptr ? HL_E_NONE : remove_entry(asked, asked.account->mailbox.find(entry));
}

hl_status mailbox_count(const hl_host* host, hl_str bare, uint64_t* entries, uint64_t* bytes) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  *entries = asked.account == nullptr ? 0 : asked.account->mailbox.size();
  *bytes = asked.account == nullptr ? 0 : asked.account->mailbox.bytes();
  return HL_OK;
}

hl_status purge(const hl_host* host, hl_str bare) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  asked.transaction->add(Effect::Kind::mailbox_purge).text = asked.transaction->keep_text(from_str(bare));
  return HL_OK;
}

hl_status oldest(const hl_host* host, hl_str bare, hl_entry* entry, uint64_t* stored_wall_ms) {
  const AskedMailbox asked = ask_mailbox(host, bare);
  if (asked.status != HL_OK) return asked.status;
  const MailboxEntry* const first = asked.account == nullptr ? nullptr : asked.account->mailbox.first();
  if (first == nullptr) return HL_E_NONE;
  *entry = first->id;
  *stored_wall_ms = first->wall_ms;
  return HL_OK;
}

constexpr hl_cap_mailbox mailbox_table{sizeof(hl_cap_mailbox),   0,
                                       host_side<mailbox_put>,   host_side<drain>,
                                       host_side<accept>,        host_side<remove>,
                                       host_side<mailbox_count>, host_side<purge>,
                                       host_side<oldest>};

}  // namespace

const Capability mailbox_capability{HL_CAP_MAILBOX, &mailbox_table};

}  // namespace hotline
