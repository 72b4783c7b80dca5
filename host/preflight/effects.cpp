#include "preflight/effects.h"

namespace hotline::preflight {

namespace {

using sdk::fake::State;

// Parts are told apart by their lengths, so that no text looks like two.
class Text {
 public:
  Text& add(std::string_view part) {
    text_ += std::to_string(part.size());
    text_.append(1, ':').append(part).append(1, '\n');
    return *this;
  }
  template <typename Number>
  Text& add_number(Number number) {
    return add(std::to_string(number));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_streams(Text& text, const State& state) {
  for (const auto& [id, stream] : state.streams) {
    text.add("stream").add_number(id).add_number(stream.flags).add(stream.account).add_number(stream.session);
    text.add(stream.scratch).add_number(stream.failures).add_number(stream.is_open ? 1 : 0).add(stream.error);
    for (const std::string& sent : stream.sent) text.add(sent);
  }
}

void add_sessions(Text& text, const State& state) {
  for (const auto& [id, session] : state.sessions) {
    text.add("session").add_number(id).add(session.address).add_number(session.stream);
    text.add_number(session.has_ended ? 1 : 0).add(session.error).add_number(session.has_sm ? 1 : 0);
    text.add_number(session.handled).add_number(session.acknowledged);
    for (const auto& [field, value] : session.fields)
      if (value != 0) text.add_number(field).add_number(value);
    for (const sdk::fake::Unacknowledged& waiting : session.unacknowledged)
      text.add(waiting.xml).add_number(waiting.entry);
  }
}

void add_kept(Text& text, const State& state) {
  for (const auto& [account, entries] : state.mailboxes)
    for (const auto& [number, entry] : entries)
      text.add("entry").add(account).add_number(number).add(entry.xml).add_number(entry.tag).add_number(
          entry.flags);
  for (const auto& [table, accounts] : state.tables)
    for (const auto& [account, rows] : accounts)
      for (const auto& [key, value] : rows) text.add("row").add(table).add(account).add(key).add(value);
  for (const auto& [module, timers] : state.timers)
    for (const auto& [name, timer] : timers)
      text.add("timer").add(name.first).add(name.second).add_number(timer.due_ms).add(timer.bytes);
  for (const auto& [command, reply] : state.replies)
    text.add("reply").add_number(command).add_number(reply.is_refusal ? 1 : 0).add(reply.text);
  for (const auto& [number, request] : state.requests) {
    text.add("request").add_number(number).add_number(request.status).add(request.body);
    for (const auto& [name, value] : request.fields) text.add(name).add(value);
    text.add(request.file).add_number(request.offset).add_number(request.length);
  }
  for (const sdk::fake::FileWish& wish : state.files)
    text.add("file")
        .add(wish.kind)
        .add(wish.name)
        .add(wish.account)
        .add(wish.token)
        .add(wish.digest)
        .add_number(wish.request)
        .add_number(wish.offset)
        .add_number(wish.size);
  for (const sdk::fake::Sent& sent : state.outbox)
    text.add("outbox").add(sent.gateway).add(sent.account).add(sent.token).add(sent.body);
  for (const auto& [name, value] : state.counters) text.add("counter").add(name).add_number(value);
}

}  // namespace

std::string effects_of(const State& state) {
  Text text;
  add_streams(text, state);
  add_sessions(text, state);
  add_kept(text, state);
  return text.take();
}

}  // namespace hotline::preflight
