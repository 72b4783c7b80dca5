#include "dispatch/calls.h"

#include <algorithm>

#include "base/address.h"
#include "dispatch/answered_errors.h"
#include "dispatch/shard.h"
#include "net/ascii.h"

namespace hotline {

namespace {
constexpr std::size_t notices_per_turn_max = 4'096;
const Receipt none;  // Of an event that nobody waits for.
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

Calls::Calls(Shard& shard) : shard_(shard) {}

ModuleCounters& Calls::counters(std::uint16_t module) {
  while (counters_.size() <= module) counters_.push_back(std::make_unique<ModuleCounters>());
  return *counters_[module];
}

template <typename Call>
Calls::Answer Calls::run(const Event& event, const Call& call) {
  const CalledModule* target = event.set.module(event.module);
  if (target == nullptr) {
    if (event.receipt) shard_.release(event.receipt);
    return Answer::not_mine;
  }
  shard_.counters.calls.add();
  const bool is_passed_over = target->context->allowance.is_used_up_in(live_.number) &&
                              target->context->allowance.is_passed_over(shard_.world.clock->mono_us());
  Answer answer = is_passed_over ? Answer::fault : attempt(event.set, *target, event, call);
  if (answer == Answer::fault) [[unlikely]] {
    // Nothing of it has happened, so other code may have it (invariant 3).
    const LiveSet::Heir heir = live_.heir(event.set, event.module);
    if (heir.module != nullptr)
      answer = attempt(*heir.set, *heir.module, event, call);
    else if (is_passed_over)  // Nobody else is there, and most events are not what it fails on.
      answer = attempt(event.set, *target, event, call);
    if (answer == Answer::fault) give_up(event);
  }
  shard_.loops.poll_safepoint();
  return answer;
}

template <typename Call>
Calls::Answer Calls::attempt(ServingSet& set, const CalledModule& target, const Event& event,
                             const Call& call) {
  CallMeter& meter = target.context->meter;
  const bool is_measured = meter.calls.get() % live_.measure_every == 0;
  meter.calls.add();
  serving_ = &set;
  called_ = &target;
  transaction_.begin(event.module, event.receipt, event.stanza);
  const CalledModule* const candidate = live_.shadow == nullptr ? nullptr : begin_shadow(set, target, event);
  kind_ = event.kind;
  words_.clear();
  const std::uint64_t from_ns = is_measured ? shard_.world.clock->mono_ns() : 0;
  const hl_status status =
      guarded(target.generation->code(), event.kind, cause_, [&call, &target] { return call(target); });
  if (is_measured) {
    meter.time_ns.add(shard_.world.clock->mono_ns() - from_ns);
    meter.measured.add();
  }
  if (candidate != nullptr) [[unlikely]]
    shadow(*candidate, event, status, call);
  const Answer answer = conclude(target, event, status, is_measured);
  called_ = nullptr;
  serving_ = nullptr;
  return answer;
}

Calls::Answer Calls::conclude(const CalledModule& target, const Event& event, hl_status status,
                              bool is_measured) {
  if (cause_.was_slow) [[unlikely]] {
    cause_.was_slow = false;
    ++target.generation->charged()->slow_calls;
  }
  if (status == HL_OK || status == HL_E_NONE) {
    // A stanza that is not its own is answered with an error for it, or lost.
    const bool is_turned_away = status == HL_E_NONE && event.stanza != nullptr;
    if (is_measured && (is_turned_away || answers_error(transaction_))) target.context->meter.errors.add();
    commit();
    return status == HL_OK ? Answer::taken : Answer::not_mine;
  }
  // Who asks for a row that cannot be converted and says so is not to blame for it; that it is parked was
  // logged.
  const bool is_charged = !transaction_.has_met_parked() || !cause_.is_answer();
  transaction_.roll_back();
  transaction_.end();
  FaultCause cause = std::exchange(cause_, FaultCause{});
  if (!is_charged) {
    // But whoever judges its push has to hear of it: the generation before it answers, or nobody.
    if (is_measured) target.context->meter.errors.add();
    return Answer::fault;
  }
  if (cause.kind == FaultCause::Kind::status) {
    cause.status = status;
    cause.words = std::move(words_);
  }
  target.context->allowance.charge(shard_.world.clock->mono_us(), live_.number);
  charge(*target.generation, event.kind, std::move(cause));
  return Answer::fault;
}

ModuleIndex Calls::service_of(const ServingSet& set, std::string_view to) const {
  const std::string_view domain = shard_.world.settings.domain;
  std::string_view host = bare_of(to);
  if (const std::size_t at = host.find('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.size() <= domain.size() + 1) return no_module;
  const std::size_t label = host.size() - domain.size() - 1;
  if (host[label] != '.' || !equal_ignoring_case(host.substr(label + 1), domain)) return no_module;
  std::string name(host.substr(0, label));
  std::transform(name.begin(), name.end(), name.begin(), ascii_lower);
  return set.routes->service(name);
}

AddressClass Calls::address_class(const Stream& stream, std::string_view to) const {
  if (to.data() == nullptr) return AddressClass::none;
  if (equal_ignoring_case(to, shard_.world.settings.domain)) return AddressClass::domain;
  if (!stream.account.empty() && to == stream.account) return AddressClass::self;
  return to.find('/') == std::string_view::npos ? AddressClass::bare : AddressClass::full;
}

void Calls::stream_opened(std::uint64_t stream, const StreamHeader& header) {
  const hl_stream_event event{.size = sizeof(hl_stream_event),
                              .what = HL_STREAM_OPENED,
                              .stream = stream,
                              .to = to_str(header.to),
                              .from = header.from.empty() ? hl_str{nullptr, 0} : to_str(header.from),
                              .lang = to_str(header.lang)};
  ServingSet& set = *live_.current;  // Whose it is will be known when it has logged in.
  run({set, EventKind::stream, set.number_of(set.routes->stream()), {}, none},
      [&](const CalledModule& module) {
        return module.entry.on_stream == nullptr ? HL_E_NONE
                                                 : module.entry.on_stream(module.instance, &event);
      });
}

void Calls::stream_closed(std::uint64_t stream, std::string_view account) {
  const hl_stream_event event{.size = sizeof(hl_stream_event),
                              .what = HL_STREAM_CLOSED,
                              .stream = stream,
                              .to = {nullptr, 0},
                              .from = {nullptr, 0},
                              .lang = {nullptr, 0}};
  ServingSet& set = live_.of(account);
  const std::uint16_t number = set.number_of(set.routes->stream());
  run({set, EventKind::stream, number, account, none}, [&](const CalledModule& module) {
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
  ServingSet& set = live_.of(stream.account);
  ModuleIndex place = no_module;
  if (when == When::bound && view.to.data != nullptr && set.routes->has_services())
    place = service_of(set, from_str(view.to));
  if (place == no_module)
    place = set.routes->lookup(stanza->kind(), ns, address_class(stream, from_str(view.to)), when);
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
  const Event occasion{.set = set,
                       .kind = EventKind::stanza,
                       .module = set.number_of(place),
                       .account = stream.account,
                       .receipt = receipt,
                       .stanza = stanza.get(),
                       .content = stanza.get(),
                       .stream = handle};
  const bool is_disabled = set.module(occasion.module) == nullptr;  // After the call the set may have gone.
  const Answer answer = run(occasion, [&](const CalledModule& module) {
    return module.entry.on_stanza == nullptr ? HL_E_NONE : module.entry.on_stanza(module.instance, &event);
  });
  Stream* after = answer == Answer::taken ? nullptr : shard_.streams.find(handle);
  if (after != nullptr && is_disabled)
    answer_for_disabled(*after, *stanza);
  else if (after != nullptr)
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
  ServingSet& set = live_.of(stream.account);
  const std::uint16_t number = set.number_of(set.routes->line(stream.listener->name));
  const Answer answer = run({set, EventKind::line, number, {}, none}, [&](const CalledModule& module) {
    transaction_.line = text;
    return module.entry.on_line == nullptr ? HL_E_NONE : module.entry.on_line(module.instance, &event);
  });
  if (answer != Answer::taken)
    shard_.streams.close(event.stream, "service-unavailable", "no module takes these lines");
  run_queued();
}

void Calls::request(Stream& stream, std::uint64_t number, const HttpRequest& http, bool is_head) {
  std::vector<hl_http_field> fields;
  for (const HttpField& field : http.fields) fields.push_back({to_str(field.name), to_str(field.value)});
  const std::string peer = stream.peer();
  const hl_request_event event{.size = sizeof(hl_request_event),
                               .flags = (stream.connection->tls() != nullptr ? HL_REQUEST_IS_TLS : 0u) |
                                        (stream.is_loopback ? HL_REQUEST_IS_LOOPBACK : 0u) |
                                        (is_head ? HL_REQUEST_IS_HEAD : 0u),
                               .request = number,
                               .listener = to_str(stream.listener->name),
                               .peer = to_str(peer),
                               .method = to_str(http.method),
                               .path = to_str(http.path),
                               .query = http.has_query ? to_str(http.query) : hl_str{nullptr, 0},
                               .host = to_str(http.host),
                               .fields = fields.data(),
                               .field_count = fields.size(),
                               .body = is_head ? hl_str{nullptr, 0} : to_str(http.body)};
  ServingSet& set = live_.of(stream.account);
  const std::uint16_t module = set.number_of(set.routes->http(http.method, http.path).module);
  const bool is_disabled = module != no_module && set.module(module) == nullptr;
  const Answer answer = run({set, EventKind::request, module, {}, none}, [&](const CalledModule& target) {
    return target.entry.on_request == nullptr ? HL_E_NONE : target.entry.on_request(target.instance, &event);
  });
  if (answer == Answer::not_mine && is_disabled)
    shard_.requests.respond(number, http_problem(503, "What answers this is disabled."));
  else if (answer == Answer::not_mine)
    shard_.requests.respond(number, http_problem(404, "There is nothing here."));
  if (answer == Answer::fault)
    shard_.requests.respond(number, http_problem(500, "What answers this failed; try again."));
  run_queued();
}

// The set that posted it ends what it began.
ServingSet& Calls::set_of(const Post& post) {
  ServingSet& set = live_.of(post.set, post.account);
  if (set.number == post.set) ++set.posts_run;
  return set;
}

void Calls::also_posted(std::uint32_t set, std::uint32_t times) {
  ServingSet& its = live_.of(set, {});
  if (its.number == set) its.posted += times;
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
  const Event occasion{.set = set_of(post),
                       .kind = EventKind::post,
                       .module = post.module,
                       .account = post.account,
                       .receipt = post.receipt,
                       .stanza = is_stanza ? &post.stanza() : nullptr,
                       .content = post.buffer.get(),
                       .topic = post.topic};
  // What it has posted before it was disabled, and no set that was left runs any more, is not lost unheard.
  const bool is_disabled = occasion.set.module(occasion.module) == nullptr;
  const Answer answer = run(occasion, [&](const CalledModule& module) {
    return module.entry.on_post == nullptr ? HL_E_NONE : module.entry.on_post(module.instance, &event);
  });
  if (is_stanza && (answer == Answer::fault || is_disabled))
    bounce(post.stanza(), is_disabled ? "service-unavailable" : "internal-server-error");
  run_queued();
}

void Calls::fanned_out(Post& post) {
  const std::string_view accounts = post.extra->text;
  const auto count = static_cast<std::uint32_t>(std::count(accounts.begin(), accounts.end(), '\n'));
  const Receipt part = post.receipt && count > 1 ? shard_.share(post.receipt, count) : post.receipt;
  const hl_stanza view = view_of(post.stanza());
  set_of(post);  // It has run one more of its posts.
  for (std::size_t at = 0, end = 0; at < accounts.size(); at = end + 1) {
    end = accounts.find('\n', at);
    const hl_post_event event{.size = sizeof(hl_post_event),
                              .topic = post.topic,
                              .account = to_str(accounts.substr(at, end - at)),
                              .bytes = {nullptr, 0},
                              .stanza = &view};
    const Event occasion{.set = live_.of(post.set, from_str(event.account)),
                         .kind = EventKind::post,
                         .module = post.module,
                         .account = from_str(event.account),
                         .receipt = part,
                         .stanza = &post.stanza(),
                         .content = post.buffer.get(),
                         .topic = post.topic};
    run(occasion, [&](const CalledModule& module) {
      return module.entry.on_post == nullptr ? HL_E_NONE : module.entry.on_post(module.instance, &event);
    });
  }
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
  // Of a module that is not there the entries wait.
  const Event occasion{.set = live_.of(session.account.address),
                       .kind = EventKind::drain,
                       .module = entry.module,
                       .account = session.account.address,
                       .receipt = none};
  run(occasion, [&](const CalledModule& module) {
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
  return run({live_.of(account), EventKind::expiry, entry->module, account, receipt},
             [&](const CalledModule& module) {
               // Who has no word for it lets it go.
               return module.entry.on_expiry == nullptr ? HL_OK
                                                        : module.entry.on_expiry(module.instance, &event);
             }) == Answer::taken;
}

void Calls::timer(std::uint16_t module, std::string_view account, std::string_view key,
                  std::string_view bytes) {
  const hl_timer_event event{.size = sizeof(hl_timer_event),
                             .reserved = 0,
                             .account = to_str(account),
                             .key = to_str(key),
                             .bytes = to_str(bytes)};
  run({live_.of(account), EventKind::timer, module, account, none}, [&](const CalledModule& target) {
    return target.entry.on_timer == nullptr ? HL_E_NONE : target.entry.on_timer(target.instance, &event);
  });
  run_queued();
}

void Calls::command(Post& post) {
  ServingSet& set = live_.of(post.account);
  const RouteTable::Command route = set.routes->command(post.extra->token);
  const hl_command_event event{.size = sizeof(hl_command_event),
                               .reserved = 0,
                               .command = post.number,
                               .name = to_str(post.extra->token),
                               .account = post.account.empty() ? hl_str{nullptr, 0} : to_str(post.account),
                               .json = to_str(post.extra->text)};
  const Event occasion{set, EventKind::command, set.number_of(route.module), post.account, none};
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
  run({set_of(post), EventKind::work, post.module, post.account, none}, [&](const CalledModule& module) {
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
  // A push at the safepoint between two of them changes who serves, but this event is the set's it began
  // with.
  const std::string_view account = session->account.address;
  const ServingSet& first = live_.of(account);
  const std::uint32_t its = first.number;
  told_.clear();
  for (const ModuleIndex place : first.routes->sessions()) told_.push_back(first.numbers[place]);
  for (const std::uint16_t number : told_) {
    run({live_.of(its, account), EventKind::session, number, account, none}, [&](const CalledModule& module) {
      return module.entry.on_session == nullptr ? HL_E_NONE
                                                : module.entry.on_session(module.instance, &event);
    });
  }
  if (notice.what == HL_SESSION_ENDED) shard_.sessions.bury(notice.session);
}

}  // namespace hotline
