// FakeHost: a whole host in a test's memory, for modules' unit tests. One shard, no sockets, no clock
// of its own; standard library only.
//
//     FakeHost host;
//     host.load(hl_module);
//     const hl_session alice = host.login("alice@localhost", "phone");
//     host.stanza(alice, "<message to='bob@localhost'><body>hi</body></message>");
//     host.run();                                      // posts, drains and work that were asked for
//     CHECK(host.sent(bob).front() == "<message …>");  // what was written since it was last asked
//
// Honest   Capabilities, tables and routes are what the manifest names: a line that is missing there
//          shows in the test. A call that does not answer HL_OK leaves no trace but its log lines.
// Lenient  Its XML parser and its address preparation take more than the real host's do.
// Knobs    state() is all of it, as plain values. numbers["fake.posts_max"], ["fake.work_max"] and
//          ["fake.mailbox_entries_max"] set bounds that make the calls answer HL_E_FULL; failing.let(n) has
//          the nth call fail that can (fake/failing.hpp).
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hotline/fake/tables.hpp"
#include "hotline/module.h"

namespace hotline::sdk {

class FakeHost {
 public:
  std::string domain = "localhost";
  std::uint64_t now_us = 1'000'000;
  std::uint64_t wall_ms = 1'393'268'400'000;  // 2014-02-24T19:00:00Z
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, std::string> texts;
  std::deque<std::string> random;
  std::vector<std::string> log;
  std::set<std::string> config_read;  // Keys of the configuration that a module asked for.
  std::vector<Status> failed;         // Answers that the real host charges as faults.
  std::set<std::string> missing;      // Capabilities it has not: create() is to live without those it wants.
  fake::FailingCalls failing;         // Which call fails next.

  FakeHost() = default;
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() {
    for (auto& module : modules_) module->entry->destroy(module->instance);
  }

  fake::State& state() { return state_; }

  // Makes an instance of the module. Throws when create does not answer HL_OK.
  void load(const hl_module_entry& entry) {
    const Status status = try_load(entry);
    if (status != HL_OK) throw std::runtime_error("create answered " + std::to_string(status));
  }
  Status try_load(const hl_module_entry& entry) {
    auto module = std::make_unique<Loaded>(*this, entry);
    const Status status = entry.create(&module->host, &module->instance);
    if (status != HL_OK) return status;
    modules_.push_back(std::move(module));
    const std::string features = all_words("feature"), services = all_words("service");
    std::set<std::string> names;
    for (const auto& loaded : modules_) names.insert(loaded->view.module);
    for (const auto& loaded : modules_) {
      loaded->view.modules = names;
      loaded->view.features = features;
      loaded->view.services = services;
    }
    return HL_OK;
  }
  // The module's own proof that it works; HL_OK where it has none. It needs no instance.
  Status self_test(const hl_module_entry& entry) {
    if (entry.self_test == nullptr) return HL_OK;
    Loaded module(*this, entry);
    return entry.self_test(&module.host);
  }
  // Destroys every instance; what they left in the host stays.
  void unload() {
    while (!modules_.empty()) {
      const std::unique_ptr<Loaded> module = std::move(modules_.back());
      modules_.pop_back();
      module->entry->destroy(module->instance);
    }
  }
  // Destroys every instance and makes it anew: nothing may be missed (an instance is a cache).
  void renew() {
    for (auto& module : modules_) {
      module->entry->destroy(module->instance);
      if (module->entry->create(&module->host, &module->instance) != HL_OK)
        throw std::runtime_error("create failed on renewal");
    }
  }

  // ---- streams and sessions -----------------------------------------------------------------------
  // A connection whose header has arrived: on_stream has been called.
  hl_stream connect(fake::Stream stream = {}) {
    const hl_stream id = state_.next_handle++;
    state_.streams[id] = std::move(stream);
    open_stream(id);
    return id;
  }
  // The client's next header on the same connection, after STARTTLS or login.
  Status open_stream(hl_stream id) {
    hl_stream_event event{
        sizeof event, HL_STREAM_OPENED, id, str(domain), fake::member(state_.streams.at(id).from), absent()};
    return stream_event(event);
  }
  Status stream_event(const hl_stream_event& event) {
    for (const auto& module : modules_)
      if (module->entry->on_stream != nullptr && module->view.manifest.has({"stream"}))
        return call(*module, module->entry->on_stream, event);
    return HL_E_NONE;
  }
  // The connection is cut. A resumable session detaches, another ends.
  void disconnect(hl_stream id) {
    fake::Stream& stream = state_.streams.at(id);
    stream.is_open = false;
    if (stream.session == 0) {
      hl_stream_event event{sizeof event, HL_STREAM_CLOSED, id, absent(), absent(), absent()};
      stream_event(event);
      return;
    }
    fake::Session& session = state_.sessions.at(stream.session);
    if (session.resume_s > 0) {
      session.stream = 0;
      state_.session_words.push_back({HL_SESSION_DETACHED, stream.session, 0});
    } else {
      fake::end_session(state_, stream.session, "");
    }
    say_session_words();
  }
  // A bound session that no module had a part in.
  hl_session login(const std::string& account, const std::string& resource) {
    const hl_stream stream = state_.next_handle++;
    const hl_session session = state_.next_handle++;
    state_.streams[stream].account = account;
    state_.streams[stream].session = session;
    fake::Session& made = state_.sessions[session];
    made.account = account;
    made.resource = resource;
    made.address = account + "/" + resource;
    made.stream = stream;
    made.sm_id = "sm-" + std::to_string(session);
    return session;
  }
  hl_stream stream_of(hl_session session) { return state_.sessions.at(session).stream; }
  hl_session session_of(hl_stream stream) { return state_.streams.at(stream).session; }
  // A session's field, as a module that is not loaded would keep it.
  void set_field(hl_session session, std::string_view name, std::int64_t value) {
    state_.sessions.at(session).fields[field_number(name)] = value;
  }
  std::int64_t field(hl_session session, std::string_view name) {
    return state_.sessions.at(session).fields[field_number(name)];
  }
  // A session that ends without its module's doing: its window has passed, or an operator's command.
  void end(hl_session session, const std::string& condition = "") {
    fake::end_session(state_, session, condition);
    say_session_words();
  }
  // Offers the session what waits in its account's mailbox, as mailbox.drain() does.
  void drain(hl_session session) {
    for (const auto& [number, entry] : state_.mailboxes[state_.sessions.at(session).account])
      if (entry.holder == 0 || state_.sessions.at(entry.holder).stream == 0)
        state_.drains.emplace_back(session, number);
    run();
  }
  // No device took what waits for the account in time: its module is told, and the entries it has seen to go.
  void expire(const std::string& account) {
    const std::map<hl_entry, fake::Entry> due = state_.mailboxes[account];
    for (const auto& [number, entry] : due) {
      const hl_expiry_event event{sizeof event, entry.flags,          str(account),
                                  number,       entry.stored_wall_ms, str(entry.xml)};
      for (const auto& module : modules_)
        if (module->view.manifest.has({"drain"}) &&
            (module->entry->on_expiry == nullptr || call(*module, module->entry->on_expiry, event) == HL_OK))
          state_.mailboxes[account].erase(number);
    }
    run();
  }
  // Nothing came from the client for a while.
  void grow_quiet(hl_session session, std::uint64_t seconds) {
    state_.session_words.push_back({HL_SESSION_QUIET, session, seconds});
    say_session_words();
  }
  // The client has accepted all that was sent: the mailbox entries behind it go.
  void accept_all(hl_session session) {
    fake::Session& found = state_.sessions.at(session);
    found.acknowledged += static_cast<std::uint32_t>(found.unacknowledged.size());
    fake::pop_acknowledged(state_, found, found.unacknowledged.size());
  }
  // Holds back what session.safe() says; then says HL_SESSION_SAFE for all of it.
  void hold_safe(hl_session session, std::uint32_t h) { state_.sessions.at(session).safe = h; }
  void make_safe(hl_session session) {
    fake::Session& found = state_.sessions.at(session);
    found.safe.reset();
    state_.session_words.push_back({HL_SESSION_SAFE, session, found.handled});
    say_session_words();
  }

  // What was written on the stream, or the session's present one, since this was last asked.
  std::vector<std::string> stream_sent(hl_stream stream) {
    return std::exchange(state_.streams.at(stream).sent, {});
  }
  std::vector<std::string> sent(hl_session session) {
    const hl_stream stream = state_.sessions.at(session).stream;
    return stream == 0 ? std::vector<std::string>{} : stream_sent(stream);
  }

  // ---- what comes in ------------------------------------------------------------------------------
  // An element from a client, offered to the module whose route is the most specific. HL_E_NONE when none
  // has one. Throws when `xml` is not one element.
  Status stanza(hl_session session, std::string_view xml) { return receive(stream_of(session), xml); }
  Status receive(hl_stream id, std::string_view xml) {
    const fake::Stream& stream = state_.streams.at(id);
    fake::Stanza::Attributes stamps;
    const hl_session session = stream.session;
    if (session != 0 && !xml.starts_with("<r ") && !xml.starts_with("<a "))
      stamps.emplace_back("from", state_.sessions.at(session).address);
    auto parsed = fake::Stanza::parse(xml, stamps);
    if (parsed == nullptr) throw std::invalid_argument("not one element: " + std::string(xml));
    if (parsed->c().kind == HL_STANZA_NONZA) parsed = fake::Stanza::parse(xml);
    if (session != 0 && state_.sessions.at(session).has_sm && parsed->c().kind != HL_STANZA_NONZA)
      ++state_.sessions.at(session).handled;
    const std::string account = stream.account;
    const hl_stanza_event event{sizeof event, 0, id, session, fake::member(account), &parsed->c()};
    const fake::Manifest::Where where{!account.empty(), session != 0, account, domain};
    Loaded* best = nullptr;
    int best_score = 0;
    for (const auto& module : modules_) {
      const int score = module->view.manifest.score(parsed->c(), where);
      if (score > best_score) {
        best = module.get();
        best_score = score;
      }
    }
    if (best == nullptr || best->entry->on_stanza == nullptr) return HL_E_NONE;
    Status status = call(*best, best->entry->on_stanza, event);
    if (status == HL_OK && std::exchange(moved_, false)) status = call(*best, best->entry->on_stanza, event);
    return status;
  }
  Status line(hl_stream stream, const std::string& listener, const std::string& text) {
    const hl_line_event event{sizeof event, 0, stream, str(listener), str(text)};
    for (const auto& module : modules_)
      if (module->entry->on_line != nullptr && module->view.manifest.has({"line", listener}))
        return call(*module, module->entry->on_line, event);
    return HL_E_NONE;
  }
  // An HTTP request, offered to the module that claims it, and its answer once what it asked for has run:
  // status 0 when nobody answered.
  using HttpAsk = fake::HttpAsk;
  fake::Request request(const HttpAsk& ask) {
    const hl_request number = state_.next_handle++;
    state_.requests[number];
    request_event(ask, number);
    run();
    return state_.requests[number];
  }
  // The same step by step: the answer is at state().requests.
  Status request_event(const HttpAsk& ask, hl_request number) {
    Loaded* best = nullptr;
    std::size_t best_score = 0;
    for (const auto& module : modules_) {
      const std::size_t score = module->view.manifest.http_score(ask.method, ask.path);
      if (score > best_score) {
        best = module.get();
        best_score = score;
      }
    }
    if (best == nullptr || best->entry->on_request == nullptr) return HL_E_NONE;
    std::vector<hl_http_field> fields;
    for (const auto& [name, value] : ask.fields) fields.push_back({str(name), str(value)});
    const hl_request_event event{sizeof event,  ask.flags,       number,        str("http"),
                                 str(ask.peer), str(ask.method), str(ask.path), absent(),
                                 str(domain),   fields.data(),   fields.size(), str(ask.body)};
    return call(*best, best->entry->on_request, event);
  }
  // What a gateway made of what it was given, or a host of what was asked of a file.
  template <typename Asked>
  Status work_done(const Asked& asked, Status status, const std::string& words) {
    Loaded* module = find(asked.module);
    if (module == nullptr || module->entry->on_work == nullptr) return HL_E_NONE;
    const hl_work_event event{sizeof event, status, fake::member(asked.account), str(asked.token),
                              str(words)};
    return call(*module, module->entry->on_work, event);
  }
  // A control command, and its answer once what it asked for has run: neither reply nor refusal is an
  // empty text. Throws when no module has it.
  fake::Reply command(const std::string& name, const std::string& account, const std::string& json) {
    const std::uint64_t number = state_.next_handle++;
    if (command_event({sizeof(hl_command_event), 0, number, str(name), fake::member(account), str(json)}) ==
        HL_OK)
      run();
    return state_.replies[number];
  }
  // The same step by step: the answer is at state().replies, by the command's number.
  Status command_event(const hl_command_event& event) {
    for (const auto& module : modules_)
      if (module->entry->on_command != nullptr &&
          module->view.manifest.has({"command", std::string(view(event.name))}))
        return call(*module, module->entry->on_command, event);
    throw std::invalid_argument("no module has the command " + std::string(view(event.name)));
  }
  // A post from another module or shard, delivered at once.
  Status post(const std::string& module, const std::string& account, std::uint32_t topic,
              const std::string& bytes) {
    return deliver({module, account, topic, bytes, nullptr});
  }

  // ---- what waits ---------------------------------------------------------------------------------
  // Delivers posts, drains and finished work until nothing is left.
  void run() {
    constexpr int steps_max = 100'000;
    for (int step = 0; run_one(); ++step)
      if (step == steps_max) throw std::runtime_error("the modules keep one another busy for ever");
  }
  // Lets time pass; timers fire in order, with the clock at their moment.
  void advance(std::uint64_t ms) {
    const std::uint64_t until_ms = now_us / 1000 + ms;
    while (fire_next_timer(until_ms)) run();
    set_time_ms(until_ms);
  }

 private:
  // The words of all manifests, sorted, a line each.
  std::string all_words(const char* line) {
    std::set<std::string> words;
    for (const auto& loaded : modules_)
      for (const std::string& word : loaded->view.manifest.words(line)) words.insert(word);
    std::string lines;
    for (const std::string& word : words) lines += word + "\n";
    return lines;
  }
  std::uint32_t field_number(std::string_view name) {
    const auto found = std::find(fields_.begin(), fields_.end(), name);
    if (found != fields_.end()) return static_cast<std::uint32_t>(found - fields_.begin());
    fields_.emplace_back(name);
    return static_cast<std::uint32_t>(fields_.size() - 1);
  }

  struct Loaded {
    Loaded(FakeHost& owner, const hl_module_entry& module)
        : entry(&module),
          view{fake::Manifest(module.manifest).word("name"),
               fake::Manifest(module.manifest),
               &owner.state_,
               &owner.domain,
               &owner.now_us,
               &owner.wall_ms,
               &owner.numbers,
               &owner.texts,
               &owner.config_read,
               &owner.random,
               &owner.log,
               &owner.fields_,
               &owner.borrowed_,
               &owner.failing,
               &owner.missing,
               {},
               {},
               {},
               {}} {
      host.size = sizeof host;
      host.abi_major = HL_ABI_MAJOR;
      host.abi_minor = HL_ABI_MINOR;
      host.context = &view;
      host.capability = [](const hl_host* self, const char* name) -> const void* {
        const fake::Manifest& manifest = fake::of(self).manifest;
        if (fake::of(self).missing->contains(name)) return nullptr;
        if (!manifest.has({"needs", name}) && !manifest.has({"wants", name})) return nullptr;
        static const fake::FunctionTables tables;
        return tables.find(name);
      };
    }
    const hl_module_entry* entry;
    fake::View view;
    hl_host host{};
    hl_instance* instance = nullptr;
  };

  template <typename Event>
  Status call(Loaded& module, hl_status (*function)(hl_instance*, const Event*), const Event& event) {
    const fake::State before = state_;
    state_.has_moved = false;
    const Status status = function(module.instance, &event);
    borrowed_.clear();
    if (status != HL_OK && status != HL_E_NONE) failed.push_back(status);
    moved_ = status == HL_OK && state_.has_moved;
    if (status != HL_OK || moved_) state_ = before;
    if (moved_) state_.elsewhere.clear();  // The connection is at its account's home now.
    if (status == HL_OK && !moved_) say_session_words();
    return status;
  }
  void say_session_words() {
    while (!state_.session_words.empty()) {
      const fake::SessionWord word = state_.session_words.front();
      state_.session_words.pop_front();
      const fake::Session session = state_.sessions.at(word.session);
      const hl_session_event event{sizeof event,          word.what, word.session, str(session.account),
                                   str(session.resource), word.value};
      for (const auto& module : modules_)
        if (module->entry->on_session != nullptr && module->view.manifest.has({"sessions"}))
          call(*module, module->entry->on_session, event);
    }
  }
  Loaded* find(const std::string& name) {
    for (const auto& module : modules_)
      if (module->view.module == name) return module.get();
    return nullptr;
  }
  Status deliver(const fake::Post& post) {
    Loaded* module = find(post.module);
    if (module == nullptr || module->entry->on_post == nullptr) return HL_E_NONE;
    const hl_post_event event{
        sizeof event, post.topic, str(post.account),
        post.stanza == nullptr ? str(post.bytes.empty() ? std::string_view("") : post.bytes) : absent(),
        post.stanza == nullptr ? nullptr : &post.stanza->c()};
    return call(*module, module->entry->on_post, event);
  }
  bool run_one() {
    if (!state_.posts.empty()) {
      const fake::Post post = std::move(state_.posts.front());
      state_.posts.pop_front();
      deliver(post);
    } else if (!state_.drains.empty()) {
      const auto [session, entry] = state_.drains.front();
      state_.drains.pop_front();
      offer(session, entry);
    } else if (!state_.work.empty()) {
      const fake::Work work = std::move(state_.work.front());
      state_.work.pop_front();
      const std::string key = fake::pbkdf2(work.digest, work.password, work.salt, work.iterations);
      const hl_work_event event{sizeof event, HL_OK, fake::member(work.account), str(work.token), str(key)};
      Loaded* module = find(work.module);
      if (module != nullptr && module->entry->on_work != nullptr)
        call(*module, module->entry->on_work, event);
    } else {
      return false;
    }
    return true;
  }
  void offer(hl_session session, hl_entry number) {
    const fake::Session& to = state_.sessions.at(session);
    const auto& entries = state_.mailboxes[to.account];
    const auto found = entries.find(number);
    if (to.has_ended || found == entries.end() || found->second.holder == session) return;
    const fake::Entry entry = found->second;
    const std::string account = to.account;
    const hl_drain_event event{sizeof event, entry.flags,          session,       str(account),
                               number,       entry.stored_wall_ms, str(entry.xml)};
    // What no module put (a test did) is anyone's.
    for (const auto& module : modules_)
      if (module->entry->on_drain != nullptr && module->view.manifest.has({"drain"}) &&
          (entry.module.empty() || entry.module == module->view.module))
        call(*module, module->entry->on_drain, event);
  }
  bool fire_next_timer(std::uint64_t until_ms) {
    const std::string* owner = nullptr;
    std::pair<std::string, std::string> key;
    std::uint64_t due = until_ms;
    for (const auto& [module, timers] : state_.timers)
      for (const auto& [name, timer] : timers)
        if (timer.due_ms <= due && (owner == nullptr || timer.due_ms < due)) {
          owner = &module;
          key = name;
          due = timer.due_ms;
        }
    if (owner == nullptr) return false;
    const std::string module_name = *owner;
    const std::string bytes = state_.timers[module_name][key].bytes;
    state_.timers[module_name].erase(key);
    set_time_ms(due);
    const hl_timer_event event{sizeof event, 0, str(key.first), str(key.second), str(bytes)};
    Loaded* module = find(module_name);
    if (module != nullptr && module->entry->on_timer != nullptr)
      call(*module, module->entry->on_timer, event);
    return true;
  }
  void set_time_ms(std::uint64_t ms) {
    if (ms * 1000 <= now_us) return;
    wall_ms += ms - now_us / 1000;
    now_us = ms * 1000;
  }

  fake::State state_;
  bool moved_ = false;
  std::vector<std::string> fields_;
  std::vector<std::shared_ptr<const void>> borrowed_;
  std::vector<std::unique_ptr<Loaded>> modules_;
};

}  // namespace hotline::sdk
