#include "dispatch/shadow_comparison.h"

#include <algorithm>

#include "dispatch/row_conversion.h"
#include "dispatch/shard.h"
#include "dispatch/stanza_comparison.h"

namespace hotline {

namespace {

using Kind = Effect::Kind;

// How far a partner that is the same is looked for.
constexpr std::size_t search_max = 64;
constexpr auto last_kind = Kind::file_erase;

constexpr const char* is_missing = "is missing";
constexpr const char* only_candidate = "only the candidate";

// What a field of Effect means in each kind; nullptr: nothing that could differ on its own.
struct KindNames {
  const char* kind;
  const char* handle = nullptr;
  const char* handle2 = nullptr;
  const char* number = nullptr;
  const char* number64 = nullptr;
  const char* text = nullptr;
  const char* text2 = nullptr;
  const char* flag = nullptr;
  bool has_stanza = false;  // Else what is in `bytes` is no XML.
};

KindNames names_of(Kind kind) {
  switch (kind) {
    case Kind::stream_send: return {.kind = "stanza", .handle = "stream", .has_stanza = true};
    case Kind::stream_close:
      return {.kind = "end of stream", .handle = "stream", .text = "condition", .text2 = "text"};
    case Kind::stream_start_tls: return {.kind = "start of TLS", .handle = "stream", .has_stanza = true};
    case Kind::stream_move: return {.kind = "move of stream", .handle = "stream", .text = "account"};
    case Kind::stream_login:
      return {.kind = "login", .handle = "stream", .text = "account", .has_stanza = true};
    case Kind::stream_line: return {.kind = "line", .handle = "stream"};
    case Kind::session_bind: return {.kind = "bind", .handle = "stream", .handle2 = "resource"};
    case Kind::session_end:
      return {.kind = "end of session", .handle = "session", .text = "condition", .text2 = "text"};
    case Kind::session_send:
      return {.kind = "stanza", .handle = "session", .flag = "added address", .has_stanza = true};
    case Kind::session_entry:
      return {.kind = "stanza", .handle = "session", .flag = "draining", .has_stanza = true};
    case Kind::session_nonza: return {.kind = "nonza", .handle = "session", .has_stanza = true};
    case Kind::session_enable:
      return {.kind = "stream management",
              .handle = "session",
              .number = "resumption time",
              .text = "request",
              .has_stanza = true};
    case Kind::session_ack: return {.kind = "acknowledgement", .handle = "session", .number = "count"};
    case Kind::session_resume:
      return {.kind = "resumption",
              .handle = "stream",
              .handle2 = "session",
              .number = "count",
              .text = "answer"};
    case Kind::mailbox_put: return {.kind = "mailbox put", .text = "account", .has_stanza = true};
    case Kind::mailbox_drain: return {.kind = "mailbox drain", .handle = "session"};
    case Kind::mailbox_remove: return {.kind = "mailbox removal", .text = "account"};
    case Kind::mailbox_purge: return {.kind = "mailbox purge", .text = "account"};
    case Kind::timer_set: return {.kind = "timer", .number = "delay", .text = "account", .text2 = "key"};
    case Kind::timer_cancel: return {.kind = "cancelled timer", .text = "account", .text2 = "key"};
    case Kind::post:
      return {.kind = "post",
              .number = "topic",
              .number64 = "module",
              .text = "account",
              .flag = "form",
              .has_stanza = true};
    case Kind::fan_out:
      return {
          .kind = "post", .number = "topic", .number64 = "module", .text = "accounts", .has_stanza = true};
    case Kind::work: return {.kind = "work off the loop"};
    case Kind::command_reply: return {.kind = "reply", .text = "text", .flag = "refusal"};
    case Kind::http_respond: return {.kind = "HTTP response", .number = "status", .text = "fields"};
    case Kind::http_file:
      return {.kind = "file sent",
              .handle = "offset",
              .handle2 = "length",
              .number = "status",
              .text = "fields",
              .text2 = "name"};
    case Kind::file_erase: return {.kind = "file erased", .text = "name", .text2 = "digest"};
  }
  return {.kind = "effect"};
}

std::string_view effect_bytes(const Effect& effect) {
  if (effect.bytes) return effect.bytes->bytes();
  return effect.entry && effect.entry->body ? effect.entry->body->bytes() : std::string_view{};
}

// "stanza message", "mailbox put message"; the prefix of a name does not matter.
std::string kind_text(const Effect& effect) {
  const KindNames names = names_of(effect.kind);
  std::string text = names.kind;
  const std::string_view bytes = effect_bytes(effect);
  if (!names.has_stanza || !bytes.starts_with('<')) return text;
  const std::string_view name = bytes.substr(1, bytes.find_first_of(" />") - 1);
  return text + " " + shown_name(name.substr(name.find(':') + 1));
}

bool is_same_entry(const Effect& a, const Effect& b) {
  if (!a.entry || !b.entry) return static_cast<bool>(a.entry) == static_cast<bool>(b.entry);
  return a.entry->id == b.entry->id && a.entry->tag == b.entry->tag && a.entry->flags == b.entry->flags;
}

// Of a timer the time differs with the moment it was set; what was asked for is in `number`.
bool is_same(const Effect& a, const Effect& b) {
  return a.handle == b.handle && a.handle2 == b.handle2 && (a.kind == Kind::work || a.number == b.number) &&
         (a.kind == Kind::timer_set || a.number64 == b.number64) && a.flag == b.flag && a.text == b.text &&
         a.text2 == b.text2 && effect_bytes(a) == effect_bytes(b) && is_same_entry(a, b);
}

template <typename Deed, typename Is>
const Deed* find_deed(const std::vector<Deed>& deeds, const Is& is) {
  const auto found = std::find_if(deeds.begin(), deeds.end(), is);
  return found == deeds.end() ? nullptr : &*found;
}

}  // namespace

void ShadowComparison::add(std::string kind, std::string field) {
  const Difference difference{std::move(kind), std::move(field)};
  if (std::find(found_.begin(), found_.end(), difference) == found_.end()) found_.push_back(difference);
}

void ShadowComparison::compare(const ComparedCall& live, const ComparedCall& candidate) {
  if (live.status != candidate.status) add("answer", "of the call");
  compare_effects(live.effects, candidate.effects);
  compare_rows(live.deeds, candidate.deeds);
  compare_rest(live.deeds, candidate.deeds);
}

void ShadowComparison::compare_effects(const std::vector<Effect>& live,
                                       const std::vector<Effect>& candidate) {
  // Where in the candidate's list the partner of each effect of the other stands.
  std::vector<std::size_t> order(live.size(), candidate.size());
  for (std::size_t kind = 0; kind <= static_cast<std::size_t>(last_kind); ++kind) {
    Some of_live, of_candidate;
    for (const Effect& effect : live)
      if (effect.kind == static_cast<Kind>(kind)) of_live.push_back(&effect);
    for (const Effect& effect : candidate)
      if (effect.kind == static_cast<Kind>(kind)) of_candidate.push_back(&effect);
    if (of_live.empty() && of_candidate.empty()) continue;
    std::vector<std::size_t> partners(of_live.size(), of_candidate.size());
    compare_kind(of_live, of_candidate, partners);
    for (std::size_t i = 0; i < of_live.size(); ++i)
      if (partners[i] < of_candidate.size())
        order[static_cast<std::size_t>(of_live[i] - live.data())] =
            static_cast<std::size_t>(of_candidate[partners[i]] - candidate.data());
  }
  std::erase(order, candidate.size());
  if (!std::is_sorted(order.begin(), order.end())) add("effects", "order");
}

void ShadowComparison::compare_kind(const Some& live, const Some& candidate,
                                    std::vector<std::size_t>& partners) {
  std::vector<bool> is_taken(candidate.size(), false);
  for (std::size_t i = 0; i < live.size(); ++i)
    for (std::size_t j = 0; j < std::min(candidate.size(), search_max); ++j)
      if (!is_taken[j] && is_same(*live[i], *candidate[j])) {
        partners[i] = j;
        is_taken[j] = true;
        break;
      }
  std::size_t next = 0;
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (partners[i] < candidate.size()) continue;
    while (next < candidate.size() && is_taken[next]) ++next;
    if (next == candidate.size()) {
      add(kind_text(*live[i]), is_missing);
      continue;
    }
    partners[i] = next;
    is_taken[next] = true;
    compare_fields(*live[i], *candidate[next]);
  }
  for (std::size_t j = 0; j < candidate.size(); ++j)
    if (!is_taken[j]) add(kind_text(*candidate[j]), only_candidate);
}

void ShadowComparison::compare_fields(const Effect& live, const Effect& candidate) {
  const KindNames names = names_of(live.kind);
  const std::string kind = kind_text(live);
  const auto tell = [&](const char* name, bool is_equal) {
    if (name != nullptr && !is_equal) add(kind, name);
  };
  tell(names.handle, live.handle == candidate.handle);
  tell(names.handle2, live.handle2 == candidate.handle2);
  tell(names.number, live.number == candidate.number);
  tell(names.number64, live.number64 == candidate.number64);
  tell(names.text, live.text == candidate.text);
  tell(names.text2, live.text2 == candidate.text2);
  tell(names.flag, live.flag == candidate.flag);
  if (live.entry && candidate.entry) {
    tell("entry", live.entry->id == candidate.entry->id);
    tell("tag", live.entry->tag == candidate.entry->tag);
    tell("flags", live.entry->flags == candidate.entry->flags);
  }
  compare_bytes(kind, effect_bytes(live), effect_bytes(candidate));
}

void ShadowComparison::compare_bytes(const std::string& kind, std::string_view live,
                                     std::string_view candidate) {
  if (live == candidate) return;
  if (!live.starts_with('<') || !candidate.starts_with('<')) return add(kind, "bytes");
  const FramerLimits& limits = shard_.world.limits.after_login;
  XmlParser& parser = shard_.streams.parser();
  const XmlParser::Outcome first = parser.parse_composed(live, limits);
  const XmlParser::Outcome second = parser.parse_composed(candidate, limits);
  if (!first.stanza || !second.stanza) return add(kind, first.stanza ? "that is no XML" : "bytes");
  for (std::string& field : stanza_differences(*first.stanza, *second.stanza)) add(kind, std::move(field));
}

void ShadowComparison::compare_rows(const CallDeeds& live, const CallDeeds& candidate) {
  using RowDeed = CallDeeds::RowDeed;
  const auto is_of = [](const RowDeed& a) {
    return [&a](const RowDeed& b) { return a.table == b.table && a.account == b.account && a.key == b.key; };
  };
  const auto kind_of = [this](const RowDeed& deed) {
    return "row " + shown_name(shard_.world.tables->table(deed.table).name);
  };
  for (const RowDeed& deed : live.rows) {
    const RowDeed* const other = find_deed(candidate.rows, is_of(deed));
    if (other == nullptr) {
      add(kind_of(deed), is_missing);
    } else {
      compare_row(kind_of(deed), deed, *other);
    }
  }
  for (const RowDeed& deed : candidate.rows)
    if (find_deed(live.rows, is_of(deed)) == nullptr) add(kind_of(deed), only_candidate);
}

void ShadowComparison::compare_row(const std::string& kind, const CallDeeds::RowDeed& live,
                                   const CallDeeds::RowDeed& candidate) {
  if (live.after.has_value() != candidate.after.has_value())
    return add(kind, live.after ? "only the candidate erases it" : "the candidate does not erase it");
  if (!live.after) return;
  if (live.after->schema == candidate.after->schema) {
    if (live.after->value != candidate.after->value) add(kind, "value");
    return;
  }
  // In another schema: as the candidate would read what the current generation wrote.
  const RowReader reader = shard_.calls.serving().reader(live.table);
  if (reader.claim == nullptr) return add(kind, "schema");
  const Result<Row> converted = convert_row(shard_.calls, reader, *live.after);
  if (!converted) return add(kind, "that it cannot convert");
  if (converted->value != candidate.after->value) add(kind, "value");
}

void ShadowComparison::compare_rest(const CallDeeds& live, const CallDeeds& candidate) {
  // One side's against the other's, and what only the other side has.
  const auto walk = [this](const auto& ours, const auto& theirs, const auto& is_of, const auto& kind_of,
                           const auto& is_equal, const char* field) {
    for (const auto& deed : ours) {
      const auto* const other = find_deed(theirs, is_of(deed));
      if (other == nullptr) {
        add(kind_of(deed), is_missing);
      } else if (!is_equal(deed, *other)) {
        add(kind_of(deed), field);
      }
    }
    for (const auto& deed : theirs)
      if (find_deed(ours, is_of(deed)) == nullptr) add(kind_of(deed), only_candidate);
  };
  using FieldDeed = CallDeeds::FieldDeed;
  walk(
      live.fields, candidate.fields,
      [](const FieldDeed& a) {
        return [&a](const FieldDeed& b) { return a.session == b.session && a.number == b.number; };
      },
      [this](const FieldDeed& deed) {
        return "session field '" + shown_name(shard_.world.field_names->name(deed.number)) + "'";
      },
      [](const FieldDeed& a, const FieldDeed& b) { return a.after == b.after; }, "value");
  using ScratchDeed = CallDeeds::ScratchDeed;
  walk(
      live.scratches, candidate.scratches,
      [](const ScratchDeed& a) { return [&a](const ScratchDeed& b) { return a.stream == b.stream; }; },
      [](const ScratchDeed&) { return std::string("stream scratch"); },
      [](const ScratchDeed& a, const ScratchDeed& b) { return a.after == b.after; }, "value");
  using CounterDeed = CallDeeds::CounterDeed;
  const std::vector<std::string> counters = live.counters.empty() && candidate.counters.empty()
                                                ? std::vector<std::string>()
                                                : shard_.world.counter_names->names(module_);
  walk(
      live.counters, candidate.counters,
      [](const CounterDeed& a) { return [&a](const CounterDeed& b) { return a.counter == b.counter; }; },
      [&counters](const CounterDeed& deed) {
        return "counter " + (deed.counter < counters.size() ? counters[deed.counter] : std::string("?"));
      },
      [](const CounterDeed& a, const CounterDeed& b) { return a.amount == b.amount; }, "amount");
  const std::size_t both = std::min(live.logs.size(), candidate.logs.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (live.logs[i].level != candidate.logs[i].level) add("log", "level");
    if (live.logs[i].text != candidate.logs[i].text) add("log", "text");
  }
  if (live.logs.size() > both) add("log", is_missing);
  if (candidate.logs.size() > both) add("log", only_candidate);
}

}  // namespace hotline
