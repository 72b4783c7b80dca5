// hotline.session/1: bound sessions and their stream management.
#include "hotline/cap/session.h"

#include "arena/block_owner.h"
#include "base/address.h"
#include "dispatch/capabilities/asked.h"
#include "dispatch/field_names.h"

namespace hotline {
namespace {

// The bytes of a stanza that this call was given or parsed; a copy of any other.
Ref<const Buffer> bytes_of(const Transaction& transaction, const hl_stanza* stanza) {
  const auto* parsed = static_cast<const Stanza*>(stanza->index);
  if (parsed != nullptr && parsed == transaction.stanza()) {
    parsed->retain();
    return Ref<const Buffer>::adopt(parsed);
  }
  if (Ref<const Buffer> kept = transaction.find_kept(parsed)) return kept;
  return Buffer::copy(from_str(stanza->xml));
}

// In a shadow run: the session that the current generation's call has bound in the same way. The candidate's
// is taken for that one, so that what is sent to both can be compared.
const Session* bound_before(const Shard& shard, hl_stream stream, std::string_view resource) {
  if (shard.calls.shadowed() == nullptr) return nullptr;
  for (const Effect& effect : shard.calls.shadowed()->effects()) {
    if (effect.kind != Effect::Kind::session_bind || effect.handle != stream) continue;
    const Session* session = shard.sessions.find(effect.handle2);
    if (session != nullptr && session->resource() == resource) return session;
  }
  return nullptr;
}

hl_status bind(const hl_host* host, hl_stream handle, hl_str resource, hl_session* out) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  Shard& shard = context.shard;
  Stream* stream = shard.streams.find(handle);
  if (stream == nullptr) return HL_E_GONE;
  if (stream->account.empty() || stream->session != 0) return HL_E_DENIED;
  const std::string_view name = from_str(resource);
  if (name.empty() || name.size() > 1023) return HL_E_INVALID;
  Account& account = shard.accounts.get(stream->account);
  const bool replaces = std::any_of(account.sessions.begin(), account.sessions.end(),
                                    [name](const Session* other) { return other->resource() == name; });
  if (!replaces && account.sessions.size() >= shard.world.limits.sessions_per_account_max) return HL_E_FULL;
  const Session* const before = bound_before(shard, handle, name);
  const hl_session made = before != nullptr ? before->handle : shard.sessions.prepare(account, name).handle;
  if (before == nullptr) transaction->undo_by([&shard, made] { shard.sessions.forget(made); });
  Effect& effect = transaction->add(Effect::Kind::session_bind);
  effect.handle = handle;
  effect.handle2 = made;
  *out = made;
  return HL_OK;
}

hl_status session_info(const hl_host* host, hl_session handle, hl_session_info* out) {
  const ModuleContext& context = ModuleContext::of(host);
  if (open_transaction(context) == nullptr) return HL_E_DENIED;
  // Also of one that has ended, while its end is being told.
  const Session* session = context.shard.sessions.find_ended(handle);
  if (session == nullptr) return HL_E_GONE;
  if (out->size < sizeof(hl_session_info)) return HL_E_INVALID;
  out->flags = (session->connection != nullptr ? HL_SESSION_IS_ATTACHED : 0u) |
               (session->sm.is_on ? HL_SESSION_HAS_SM : 0u) |
               (session->sm.resume_s > 0 ? HL_SESSION_CAN_RESUME : 0u);
  out->account = to_str(session->account.address);
  out->resource = to_str(session->resource());
  out->address = to_str(session->address);
  out->stream = session->connection == nullptr ? 0 : session->connection->handle;
  out->unacknowledged = session->unacknowledged.size();
  return HL_OK;
}

hl_status find(const hl_host* host, hl_str bare, hl_str resource, hl_session* out) {
  const ModuleContext& context = ModuleContext::of(host);
  if (!context.shard.is_home(from_str(bare))) return HL_E_ELSEWHERE;
  const Account* account = context.shard.accounts.find(from_str(bare));
  if (account == nullptr) return HL_E_NONE;
  for (const Session* session : account->sessions)
    if (session->resource() == from_str(resource)) {
      *out = session->handle;
      return HL_OK;
    }
  return HL_E_NONE;
}

hl_status list(const hl_host* host, hl_str bare, hl_session* out, uint64_t capacity, uint64_t* count) {
  const ModuleContext& context = ModuleContext::of(host);
  *count = 0;
  if (!context.shard.is_home(from_str(bare))) return HL_E_ELSEWHERE;
  const Account* account = context.shard.accounts.find(from_str(bare));
  if (account == nullptr) return HL_OK;
  for (const Session* session : account->sessions) {
    if (*count < capacity) out[*count] = session->handle;
    ++*count;
  }
  return HL_OK;
}

hl_status end(const hl_host* host, hl_session handle, hl_str condition, hl_str text) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  Effect& effect = asked.transaction->add(Effect::Kind::session_end);
  effect.handle = handle;
  effect.text = asked.transaction->keep_text(from_str(condition));
  effect.text2 = asked.transaction->keep_text(from_str(text));
  return HL_OK;
}

hl_status field(const hl_host* host, hl_str name, uint32_t* out) {
  return ModuleContext::of(host).shard.world.field_names->number(from_str(name), out) ? HL_OK : HL_E_FULL;
}

hl_status session_get(const hl_host* host, hl_session handle, uint32_t number, int64_t* value) {
  const Session* session = ModuleContext::of(host).shard.sessions.find_ended(handle);
  if (session == nullptr) return HL_E_GONE;
  if (number >= Session::fields_max) return HL_E_INVALID;
  *value = session->fields.get(number);
  return HL_OK;
}

hl_status set(const hl_host* host, hl_session handle, uint32_t number, int64_t value) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  if (number >= Session::fields_max) return HL_E_INVALID;
  SessionFields& fields = asked.object->fields;
  asked.transaction->exchange_by(
      [&shard = asked.context.shard, handle, number, other = fields.get(number)]() mutable {
        Session* session = shard.sessions.find(handle);
        if (session == nullptr) return;
        const std::int64_t then = session->fields.get(number);
        session->fields.set(number, std::exchange(other, then));
      });
  fields.set(number, value);
  if (CallTape* tape = asked.context.shard.calls.tape()) tape->deeds().touch_field(handle, number);
  return HL_OK;
}

hl_status queue(const Asked<Session>& asked, Effect::Kind kind, Ref<const Buffer> bytes) {
  Effect& effect = asked.transaction->add(kind);
  effect.handle = asked.object->handle;
  effect.bytes = std::move(bytes);
  return HL_OK;
}

hl_status session_send(const hl_host* host, hl_session handle, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  return queue(asked, Effect::Kind::session_send, Buffer::copy(from_str(xml)));
}

hl_status send_stanza(const hl_host* host, hl_session handle, const hl_stanza* stanza) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  return queue(asked, Effect::Kind::session_send, bytes_of(*asked.transaction, stanza));
}

hl_status send_to(const hl_host* host, hl_session handle, const hl_stanza* stanza) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  if (stanza->to.data != nullptr) return HL_E_INVALID;
  Effect& effect = asked.transaction->add(Effect::Kind::session_send);
  effect.handle = handle;
  effect.bytes = bytes_of(*asked.transaction, stanza);
  effect.flag = true;
  return HL_OK;
}

hl_status send_entry(const hl_host* host, hl_session handle, hl_entry entry, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  Ref<MailboxEntry> known = asked.transaction->known(entry);
  if (!known) {
    MailboxEntry* found = asked.object->account.mailbox.find(entry);
    if (found == nullptr) return HL_E_GONE;
    found->retain();
    known = Ref<MailboxEntry>::adopt(found);
  }
  Effect& effect = asked.transaction->add(Effect::Kind::session_entry);
  effect.handle = handle;
  effect.entry = std::move(known);
  effect.flag = asked.transaction->draining_session == handle;
  if (xml.data != nullptr) effect.bytes = Buffer::copy(from_str(xml));
  return HL_OK;
}

hl_status send_nonza(const hl_host* host, hl_session handle, hl_str xml) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  return queue(asked, Effect::Kind::session_nonza, Buffer::copy(from_str(xml)));
}

hl_status sm_enable(const hl_host* host, hl_session handle, hl_str answer, hl_str request,
                    uint32_t resume_s) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  if (asked.object->sm.is_on) return HL_E_EXISTS;
  Effect& effect = asked.transaction->add(Effect::Kind::session_enable);
  effect.handle = handle;
  effect.bytes = Buffer::copy(from_str(answer));
  effect.text = asked.transaction->keep_text(from_str(request));
  effect.number = resume_s;
  return HL_OK;
}

hl_status sm_id(const hl_host* host, hl_session handle, hl_str* id, uint32_t* resume_s_max) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  Session& session = *asked.object;
  Shard& shard = asked.context.shard;
  // Where only a candidate in a shadow run asks for one, it gets one of zeros that never becomes known.
  if (!session.sm_id.is_set() && !shard.calls.is_shadow()) session.sm_id = SmId::make(*shard.world.random);
  *id = to_str(asked.transaction->keep_text(session.sm_id.text()));
  *resume_s_max = asked.context.shard.world.limits.resume_s_max;
  return HL_OK;
}

hl_status sm_acknowledged(const hl_host* host, hl_session handle, uint32_t h) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  if (!asked.context.shard.sessions.can_acknowledge(*asked.object, h)) return HL_E_INVALID;
  Effect& effect = asked.transaction->add(Effect::Kind::session_ack);
  effect.handle = handle;
  effect.number = h;
  return HL_OK;
}

hl_status safe(const hl_host* host, hl_session handle, uint32_t* h) {
  const auto asked = ask(host, handle, &Shard::sessions);
  if (asked.status != HL_OK) return asked.status;
  StreamManagement& sm = asked.object->sm;
  *h = sm.safe.safe();
  if (sm.safe.safe() == sm.safe.received()) return HL_OK;
  if (asked.context.shard.calls.is_shadow()) return HL_E_FULL;  // A candidate's question is owed no answer.
  if (!sm.owes_answer) {
    sm.owes_answer = true;
    asked.context.shard.watch.busy(*asked.object);
    sm.owed_us = asked.context.shard.now_us();
    sm.owed = sm.safe.received();
  }
  sm.owed_last = sm.safe.received();
  return HL_E_FULL;
}

hl_status sm_resume(const hl_host* host, hl_stream handle, hl_str id, uint32_t h, hl_str answer,
                    hl_session* out) {
  ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  const Stream* stream = context.shard.streams.find(handle);
  if (stream == nullptr) return HL_E_GONE;
  if (stream->session != 0 || stream->account.empty()) return HL_E_DENIED;
  const Session* session = context.shard.sessions.find_by_sm_id(from_str(id));
  if (session == nullptr || session->account.address != stream->account) return HL_E_NONE;
  if (!context.shard.sessions.can_acknowledge(*session, h)) return HL_E_INVALID;
  Effect& effect = transaction->add(Effect::Kind::session_resume);
  effect.handle = handle;
  effect.handle2 = session->handle;
  effect.number = h;
  effect.text = transaction->keep_text(from_str(answer));
  *out = session->handle;
  return HL_OK;
}

constexpr hl_cap_session session_table{.size = sizeof(hl_cap_session),
                                       .reserved = 0,
                                       .bind = host_side<bind>,
                                       .info = host_side<session_info>,
                                       .find = host_side<find>,
                                       .list = host_side<list>,
                                       .end = host_side<end>,
                                       .field = host_side<field>,
                                       .get = host_side<session_get>,
                                       .set = host_side<set>,
                                       .send = host_side<session_send>,
                                       .send_stanza = host_side<send_stanza>,
                                       .send_entry = host_side<send_entry>,
                                       .send_nonza = host_side<send_nonza>,
                                       .sm_enable = host_side<sm_enable>,
                                       .sm_id = host_side<sm_id>,
                                       .sm_acknowledged = host_side<sm_acknowledged>,
                                       .safe = host_side<safe>,
                                       .sm_resume = host_side<sm_resume>,
                                       .send_to = host_side<send_to>};

}  // namespace

const Capability session_capability{HL_CAP_SESSION, &session_table};

}  // namespace hotline
