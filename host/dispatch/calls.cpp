#include "dispatch/calls.h"

#include "base/address.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

constexpr std::uint32_t sample_every = 16;  // Calls, when their time is measured.
constexpr std::size_t notices_per_turn_max = 4'096;
const Receipt none;  // Of an event that nobody waits for.

// What each part of a call holds of the sender's receipt.
bool holds_receipt(const Effect& effect) {
  return effect.kind == Effect::Kind::mailbox_put || (effect.kind == Effect::Kind::post && effect.flag);
}

}  // namespace

hl_stanza view_of(const Stanza& stanza) {
  const Stanza::Node payload = stanza.first_child(0);
  const bool has_payload = payload != Stanza::none;
  return {.size = sizeof(hl_stanza),
          .kind = static_cast<std::int32_t>(stanza.kind()),
          .name = to_str(stanza.name(0)),
          .ns = to_str(stanza.ns(0)),
          .to = to_str(stanza.attr(0, "to")),
          .from = to_str(stanza.attr(0, "from")),
          .id = to_str(stanza.attr(0, "id")),
          .type = to_str(stanza.attr(0, "type")),
          .payload_name = has_payload ? to_str(stanza.name(payload)) : hl_str{nullptr, 0},
          .payload_ns = has_payload ? to_str(stanza.ns(payload)) : hl_str{nullptr, 0},
          .xml = to_str(stanza.bytes()),
          .inner = to_str(stanza.inner()),
          .index = &stanza};
}

Calls::Calls(Shard& shard) : shard_(shard) {
  live_.routes = std::make_shared<const RouteTable>();
}

ModuleCounters& Calls::counters(std::uint16_t module) {
  while (counters_.size() <= module) counters_.push_back(std::make_unique<ModuleCounters>());
  return *counters_[module];
}

const ModuleMeter& Calls::meter(std::uint16_t module) {
  if (meters_.size() <= module) meters_.resize(module + 1u);
  return meters_[module];
}

CalledModule* Calls::live(std::uint16_t module) {
  if (module >= live_.modules.size() || live_.modules[module].generation == nullptr) return nullptr;
  return &live_.modules[module];
}

template <typename Call>
Calls::Answer Calls::run(const Event& event, const Call& call) {
  const CalledModule* target = live(event.module);
  if (target == nullptr) {
    if (event.receipt) shard_.release(event.receipt);
    return Answer::not_mine;
  }
  if (meters_.size() <= event.module) meters_.resize(event.module + 1u);
  ModuleMeter& meter = meters_[event.module];
  shard_.counters.calls.add();
  const bool is_sampled = meter.calls++ % sample_every == 0;
  const std::uint64_t from_us = is_sampled ? shard_.now_us() : 0;
  Answer answer = attempt(*target, event, call);
  if (is_sampled) {
    meter.sampled_us += shard_.now_us() - from_us;
    ++meter.sampled;
  }
  if (answer == Answer::fault) [[unlikely]] {
    // Nothing of it has happened, so the generation that was live before may have it (invariant 3).
    const CalledModule& previous = live_.previous[event.module];
    if (previous.generation != nullptr) answer = attempt(previous, event, call);
    if (answer == Answer::fault) give_up(event);
  }
  shard_.loops.poll_safepoint();
  return answer;
}

template <typename Call>
Calls::Answer Calls::attempt(const CalledModule& target, const Event& event, const Call& call) {
  transaction_.begin(event.module, event.receipt, event.stanza);
  called_ = &target;
  const hl_status status =
      guarded(target.generation->code(), event.kind, cause_, [&call, &target] { return call(target); });
  called_ = nullptr;
  if (cause_.was_slow) [[unlikely]] {
    cause_.was_slow = false;
    ++target.generation->charged()->slow_calls;
  }
  if (status == HL_OK || status == HL_E_NONE) {
    commit();
    return status == HL_OK ? Answer::taken : Answer::not_mine;
  }
  // Who asks for a row that cannot be converted is not to blame for it; that it is parked was logged.
  const bool is_charged = !transaction_.has_met_parked();
  transaction_.roll_back();
  transaction_.end();
  FaultCause cause = std::exchange(cause_, FaultCause{});
  if (!is_charged) return Answer::fault;
  ++meters_[event.module].faults;
  if (cause.kind == FaultCause::Kind::status) cause.status = status;
  charge(*target.generation, event.kind, std::move(cause));
  return Answer::fault;
}

void Calls::commit() {
  // The event holds the sender's receipt once; whatever lives on after it takes a part over.
  const Receipt receipt = transaction_.receipt();
  Receipt part = receipt;
  if (receipt) {
    std::uint32_t parts = transaction_.rows().empty() ? 0 : 1;
    for (const Effect& effect : transaction_.effects())
      if (holds_receipt(effect)) ++parts;
    if (parts == 0) {
      shard_.release(receipt);
      part = {};
    } else if (parts > 1) {
      part = shard_.share(receipt, parts);
    }
  }
  write_rows();
  if (part && !transaction_.rows().empty()) shard_.window.wait(part);
  // Effects may cause notices, which wait, but never calls: the list does not change while it runs.
  for (Effect& effect : transaction_.effects()) apply(effect, part);
  transaction_.end();
}

void Calls::write_rows() {
  for (const RowTouch& row : transaction_.rows()) {
    const std::string& table = shard_.world.tables->table(row.table).name;
    const Account* account = shard_.accounts.find(row.account);
    const TableRows* rows =
        account == nullptr ? nullptr : const_cast<Account*>(account)->rows.find(row.table);
    const auto found = rows == nullptr ? TableRows::const_iterator{} : rows->find(row.key);
    if (rows != nullptr && found != rows->end()) {
      shard_.window.put_row(table, row.account, row.key, found->second.schema, found->second.value);
    } else {
      shard_.window.erase_row(table, row.account, row.key);
    }
  }
}

void Calls::apply(Effect& effect, const Receipt& part) {
  Sessions& sessions = shard_.sessions;
  Streams& streams = shard_.streams;
  switch (effect.kind) {
    case Effect::Kind::stream_send: return streams.send(effect.handle, effect.bytes->bytes());
    case Effect::Kind::stream_close: return streams.close(effect.handle, effect.text, effect.text2);
    case Effect::Kind::stream_start_tls: return streams.start_tls(effect.handle, effect.bytes->bytes());
    case Effect::Kind::stream_move: return streams.move(effect.handle, effect.number, effect.text);
    case Effect::Kind::stream_login: return streams.login(effect.handle, effect.text, effect.bytes->bytes());
    case Effect::Kind::stream_line:
      if (Stream* stream = streams.find(effect.handle)) stream->connection->write_line(effect.bytes->bytes());
      return;
    case Effect::Kind::session_bind: {
      Session* session = sessions.find(effect.handle2);
      Stream* stream = streams.find(effect.handle);
      if (session == nullptr) return;
      if (stream == nullptr) return sessions.forget(effect.handle2);
      return sessions.commit_bind(*stream, *session);
    }
    case Effect::Kind::session_end:
      if (Session* session = sessions.find(effect.handle)) sessions.end(*session, effect.text, effect.text2);
      return;
    case Effect::Kind::session_send:
      if (Session* session = sessions.find(effect.handle)) sessions.send(*session, std::move(effect.bytes));
      return;
    case Effect::Kind::session_entry:
      if (Session* session = sessions.find(effect.handle))
        sessions.send_entry(*session, std::move(effect.entry), std::move(effect.bytes), effect.flag);
      return;
    case Effect::Kind::session_nonza:
      if (Session* session = sessions.find(effect.handle))
        sessions.send_nonza(*session, effect.bytes->bytes());
      return;
    case Effect::Kind::session_enable:
      if (Session* session = sessions.find(effect.handle))
        sessions.enable(*session, effect.bytes->bytes(), effect.text, effect.number);
      return;
    case Effect::Kind::session_ack:
      if (Session* session = sessions.find(effect.handle)) sessions.acknowledge(*session, effect.number);
      return;
    case Effect::Kind::session_resume:
      return sessions.resume(effect.handle, effect.handle2, effect.number, effect.text);
    case Effect::Kind::mailbox_put:
      effect.entry->receipt = part;
      return sessions.put(shard_.accounts.get(effect.text), std::move(effect.entry));
    case Effect::Kind::mailbox_drain:
      if (Session* session = sessions.find(effect.handle)) sessions.drain(*session);
      return;
    case Effect::Kind::mailbox_remove:
      if (Account* account = shard_.accounts.find(effect.text)) sessions.accept(*account, *effect.entry);
      return;
    case Effect::Kind::mailbox_purge:
      if (Account* account = shard_.accounts.find(effect.text)) sessions.purge(*account);
      return;
    case Effect::Kind::timer_set:
      return shard_.module_timers.set(transaction_.module(), std::string(effect.text),
                                      std::string(effect.text2), effect.number64, std::move(effect.bytes));
    case Effect::Kind::timer_cancel:
      return shard_.module_timers.cancel(transaction_.module(), std::string(effect.text),
                                         std::string(effect.text2));
    case Effect::Kind::post: {
      Post post;
      post.kind = effect.flag ? Post::Kind::stanza : Post::Kind::bytes;
      post.module = static_cast<std::uint16_t>(effect.number64);
      post.topic = effect.number;
      post.buffer = std::move(effect.bytes);
      post.address(effect.text);
      if (effect.flag) post.receipt = part;
      return shard_.post(std::move(post));
    }
    case Effect::Kind::work: return transaction_.work(effect)();
    case Effect::Kind::command_reply: {
      auto answer = [&world = shard_.world, command = effect.number64, is_refusal = effect.flag,
                     json = std::string(effect.text)]() mutable {
        world.command_answered(command, is_refusal, std::move(json));
      };
      if (shard_.window.has_open_rows()) return shard_.window.wait(std::function<void()>(std::move(answer)));
      return answer();
    }
  }
}

AddressClass Calls::address_class(const Stream& stream, std::string_view to) const {
  if (to.data() == nullptr) return AddressClass::none;
  if (to == shard_.world.settings.domain) return AddressClass::domain;
  if (!stream.account.empty() && to == stream.account) return AddressClass::self;
  return to.find('/') == std::string_view::npos ? AddressClass::bare : AddressClass::full;
}

void Calls::stream_opened(std::uint64_t stream, const StreamHeader& header) {
  const hl_stream_event event{.size = sizeof(hl_stream_event),
                              .what = HL_STREAM_OPENED,
                              .stream = stream,
                              .to = to_str(header.to),
                              .from = to_str(header.from),
                              .lang = to_str(header.lang)};
  run({EventKind::stream, number_of(live_.routes->stream()), {}, none}, [&](const CalledModule& module) {
    return module.entry.on_stream == nullptr ? HL_E_NONE : module.entry.on_stream(module.instance, &event);
  });
}

void Calls::stream_closed(std::uint64_t stream) {
  const hl_stream_event event{.size = sizeof(hl_stream_event),
                              .what = HL_STREAM_CLOSED,
                              .stream = stream,
                              .to = {nullptr, 0},
                              .from = {nullptr, 0},
                              .lang = {nullptr, 0}};
  run({EventKind::stream, number_of(live_.routes->stream()), {}, none}, [&](const CalledModule& module) {
    return module.entry.on_stream == nullptr ? HL_E_NONE : module.entry.on_stream(module.instance, &event);
  });
}

void Calls::stanza(Stream& stream, const Ref<const Stanza>& stanza) {
  Receipt receipt;
  Session* session = stream.session == 0 ? nullptr : shard_.sessions.find(stream.session);
  if (session != nullptr && session->sm.is_on && stanza->kind() != Stanza::Kind::nonza)
    receipt = shard_.sessions.received(*session);
  shard_.counters.stanzas_in.add();
  if (stanza->kind() == Stanza::Kind::message) shard_.counters.messages_in.add();
  offer(stream, stanza, receipt);
}

void Calls::offer(Stream& stream, const Ref<const Stanza>& stanza, const Receipt& receipt) {
  const hl_stanza view = view_of(*stanza);
  const When when = stream.account.empty() ? When::before_login
                    : stream.session == 0  ? When::before_bind
                                           : When::bound;
  const std::string_view ns = from_str(stanza->kind() == Stanza::Kind::nonza ? view.ns : view.payload_ns);
  const std::uint64_t handle = stream.connection->handle;
  const ModuleIndex place =
      live_.routes->lookup(stanza->kind(), ns, address_class(stream, from_str(view.to)), when);
  if (place == no_module) {
    shard_.counters.unclaimed.add();
    refuse(stream, *stanza, "cancel", "service-unavailable");
    if (receipt) shard_.release(receipt);
    return;
  }
  const hl_stanza_event event{.size = sizeof(hl_stanza_event),
                              .reserved = 0,
                              .stream = handle,
                              .session = stream.session,
                              .account = stream.account.empty() ? hl_str{nullptr, 0} : to_str(stream.account),
                              .stanza = &view};
  const Event occasion{.kind = EventKind::stanza,
                       .module = number_of(place),
                       .account = stream.account,
                       .receipt = receipt,
                       .stanza = stanza.get(),
                       .content = stanza.get(),
                       .stream = handle};
  const Answer answer = run(occasion, [&](const CalledModule& module) {
    return module.entry.on_stanza == nullptr ? HL_E_NONE : module.entry.on_stanza(module.instance, &event);
  });
  Stream* after = answer == Answer::taken ? nullptr : shard_.streams.find(handle);
  if (after != nullptr)
    refuse(*after, *stanza, answer == Answer::fault ? "wait" : "cancel",
           answer == Answer::fault ? "internal-server-error" : "service-unavailable");
  run_queued();
}

void Calls::line(Stream& stream, std::string_view text) {
  const hl_line_event event{.size = sizeof(hl_line_event),
                            .reserved = 0,
                            .stream = stream.connection->handle,
                            .listener = to_str(stream.listener->name),
                            .line = to_str(text)};
  const std::uint16_t number = number_of(live_.routes->line(stream.listener->name));
  const Answer answer = run({EventKind::line, number, {}, none}, [&](const CalledModule& module) {
    transaction_.line = text;
    return module.entry.on_line == nullptr ? HL_E_NONE : module.entry.on_line(module.instance, &event);
  });
  if (answer != Answer::taken)
    shard_.streams.close(event.stream, "service-unavailable", "no module takes these lines");
  run_queued();
}

void Calls::posted(Post& post) {
  hl_stanza view{};
  const bool is_stanza = post.kind == Post::Kind::stanza;
  if (is_stanza) view = view_of(post.stanza());
  const hl_post_event event{
      .size = sizeof(hl_post_event),
      .topic = post.topic,
      .account = to_str(post.account),
      .bytes = is_stanza || post.buffer.get() == nullptr ? hl_str{nullptr, 0} : to_str(post.buffer->bytes()),
      .stanza = is_stanza ? &view : nullptr};
  const Event occasion{.kind = EventKind::post,
                       .module = post.module,
                       .account = post.account,
                       .receipt = post.receipt,
                       .stanza = is_stanza ? &post.stanza() : nullptr,
                       .content = post.buffer.get(),
                       .topic = post.topic};
  const Answer answer = run(occasion, [&](const CalledModule& module) {
    return module.entry.on_post == nullptr ? HL_E_NONE : module.entry.on_post(module.instance, &event);
  });
  if (answer == Answer::fault && is_stanza) bounce(post.stanza());
  run_queued();
}

void Calls::drained(Session& session, MailboxEntry& entry) {
  const hl_drain_event event{.size = sizeof(hl_drain_event),
                             .flags = entry.flags,
                             .session = session.handle,
                             .account = to_str(session.account.address),
                             .entry = entry.id,
                             .stored_wall_ms = entry.wall_ms,
                             .xml = to_str(entry.body->bytes())};
  entry.retain();
  Ref<MailboxEntry> held = Ref<MailboxEntry>::adopt(&entry);
  const std::uint64_t handle = session.handle;
  const std::uint16_t number = number_of(live_.routes->drain());
  run({EventKind::drain, number, session.account.address, none}, [&](const CalledModule& module) {
    transaction_.know(held);
    transaction_.draining_session = handle;
    return module.entry.on_drain == nullptr ? HL_E_NONE : module.entry.on_drain(module.instance, &event);
  });
}

bool Calls::expired(const std::string& account, const Ref<MailboxEntry>& entry, const Receipt& receipt) {
  const hl_expiry_event event{.size = sizeof(hl_expiry_event),
                              .flags = entry->flags,
                              .account = to_str(account),
                              .entry = entry->id,
                              .stored_wall_ms = entry->wall_ms,
                              .xml = to_str(entry->body->bytes())};
  const Ref<const Buffer> body = entry->body;  // For the length of the call, whatever becomes of the entry.
  return run({EventKind::expiry, entry->module, account, receipt}, [&](const CalledModule& module) {
           // Who has no word for it lets it go.
           return module.entry.on_expiry == nullptr ? HL_OK : module.entry.on_expiry(module.instance, &event);
         }) == Answer::taken;
}

void Calls::timer(std::uint16_t module, std::string_view account, std::string_view key,
                  std::string_view bytes) {
  const hl_timer_event event{.size = sizeof(hl_timer_event),
                             .reserved = 0,
                             .account = to_str(account),
                             .key = to_str(key),
                             .bytes = to_str(bytes)};
  run({EventKind::timer, module, account, none}, [&](const CalledModule& target) {
    return target.entry.on_timer == nullptr ? HL_E_NONE : target.entry.on_timer(target.instance, &event);
  });
  run_queued();
}

void Calls::command(Post& post) {
  const RouteTable::Command route = live_.routes->command(post.extra->token);
  const hl_command_event event{.size = sizeof(hl_command_event),
                               .reserved = 0,
                               .command = post.number,
                               .name = to_str(post.extra->token),
                               .account = post.account.empty() ? hl_str{nullptr, 0} : to_str(post.account),
                               .json = to_str(post.extra->text)};
  const Event occasion{EventKind::command, number_of(route.module), post.account, none};
  const Answer answer = run(occasion, [&](const CalledModule& module) {
    return module.entry.on_command == nullptr ? HL_E_NONE : module.entry.on_command(module.instance, &event);
  });
  if (answer != Answer::taken) {
    shard_.world.command_answered(
        post.number, true,
        answer == Answer::fault ? "the module that answers `" + post.extra->token + "` failed: see the log"
                                : "no module answers `" + post.extra->token + "`: see `hotline modules`");
  }
  run_queued();
}

void Calls::worked(Post& post) {
  const hl_work_event event{.size = sizeof(hl_work_event),
                            .status = post.extra->status,
                            .account = to_str(post.account),
                            .token = to_str(post.extra->token),
                            .result = to_str(post.extra->text)};
  run({EventKind::work, post.module, post.account, none}, [&](const CalledModule& module) {
    return module.entry.on_work == nullptr ? HL_E_NONE : module.entry.on_work(module.instance, &event);
  });
  run_queued();
}

void Calls::session_is(std::uint64_t session, std::int32_t what, std::uint64_t value) {
  // What is safe grows stanza by stanza, and the last word says it all.
  if (what == HL_SESSION_SAFE && !notices_.empty() && notices_.back().what == what &&
      notices_.back().session == session) {
    notices_.back().value = value;
    return;
  }
  notices_.push_back({what, session, value});
}

void Calls::pump(std::uint64_t session) {
  notices_.push_back({0, session, 0});
}

bool Calls::run_queued() {
  if (is_telling_) return !notices_.empty();
  is_telling_ = true;
  for (std::size_t i = 0; i < notices_per_turn_max && !notices_.empty(); ++i) {
    const Notice notice = notices_.front();
    notices_.pop_front();
    tell(notice);
  }
  is_telling_ = false;
  return !notices_.empty();
}

void Calls::tell(const Notice& notice) {
  Session* session = shard_.sessions.find_ended(notice.session);
  if (session == nullptr) return;
  if (notice.what == 0) {
    if (shard_.sessions.find(notice.session) != nullptr) shard_.sessions.pump(*session);
    return;
  }
  const hl_session_event event{.size = sizeof(hl_session_event),
                               .what = notice.what,
                               .session = notice.session,
                               .account = to_str(session->account.address),
                               .resource = to_str(session->resource()),
                               .value = notice.value};
  // A copy: a push at the safepoint between two of them would change the list.
  told_.clear();
  for (const ModuleIndex place : live_.routes->sessions()) told_.push_back(live_.numbers[place]);
  for (const std::uint16_t number : told_) {
    run({EventKind::session, number, session->account.address, none}, [&](const CalledModule& module) {
      return module.entry.on_session == nullptr ? HL_E_NONE
                                                : module.entry.on_session(module.instance, &event);
    });
  }
  if (notice.what == HL_SESSION_ENDED) shard_.sessions.bury(notice.session);
}

}  // namespace hotline
