// What holds for every framer on every input, checked by aborting.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "unit/net/framer_fixture.h"

namespace hotline::test {

inline void must(bool holds, const char* what, const std::string& detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "invariant broken: %s\n%s\n", what, detail.c_str());
  std::abort();
}

// The canonical bytes are canonical: parsed again they give themselves and the same index.
inline void must_be_canonical(XmlParser& parser, const Stanza& stanza) {
  FramerLimits limits;
  limits.stanza_bytes_max = 1'000'000;  // Escaping may have made it longer than what came in.
  const XmlParser::Outcome again = parser.parse(stanza.bytes(), limits, {});
  const std::string bytes(stanza.bytes());
  must(static_cast<bool>(again.stanza), "canonical bytes parse", bytes + "\n" + again.text);
  must(again.stanza->bytes() == stanza.bytes(), "canonical bytes stay", bytes);
  const std::vector<std::string_view> names = {"a", "b", "from", "id", "to", "type", "xml:lang"};
  const std::string index = index_of(stanza, names);
  must(index_of(*again.stanza, names) == index, "the index stays", index);
  for (Stanza::Node child = stanza.first_child(0); child != Stanza::none;
       child = stanza.next_sibling(child)) {
    const XmlParser::Outcome alone = parser.parse(stanza.xml(child), limits, {});
    must(static_cast<bool>(alone.stanza), "a child stands alone", bytes);
    must(alone.stanza->ns(0) == stanza.ns(child), "a child keeps its namespace alone", bytes);
  }
}

// All events of `bytes` in chunks; `seed` varies their sizes (0: one chunk). Every stanza is canonical, and
// nothing comes after the end.
inline std::vector<std::string> checked_events(Wire& wire, FramerKind kind, std::string_view bytes,
                                               std::uint64_t seed, std::string_view from) {
  const auto framer = wire.framer(kind);
  if (!from.empty()) framer->stamp(std::string(from), "en");
  SeededRandom sizes(seed);
  std::vector<std::string> events;
  bool is_over = false;
  while (!bytes.empty()) {
    const std::size_t size =
        seed == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 1 + sizes.next_u64() % 9);
    const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.remove_prefix(size);
    std::string_view input(copy.data(), copy.size());
    while (!input.empty()) {
      const std::size_t before = input.size();
      const FrameEvent event = framer->next(input);
      const bool is_end = event.kind == FrameEvent::Kind::error || event.kind == FrameEvent::Kind::close ||
                          event.kind == FrameEvent::Kind::hang_up || event.kind == FrameEvent::Kind::refused;
      must(event.kind != FrameEvent::Kind::need_more || input.empty(), "need_more has consumed all");
      const bool is_whole = event.kind == FrameEvent::Kind::request_body;  // It may be one of no bytes.
      must(input.size() < before || is_end || is_whole, "each step consumes or ends");
      if (event.kind == FrameEvent::Kind::need_more) continue;
      must(!is_over, "nothing comes after the end", describe(event));
      is_over = is_end;
      if (event.stanza) must_be_canonical(wire.parser, *event.stanza);
      events.push_back(describe(event));
    }
  }
  return events;
}

// A WebSocket message that breaks several rules may be refused for another one of them when it comes in
// pieces: the limits hold before it is whole, and only then can it be seen not to be UTF-8.
inline void forget_reason(FramerKind kind, std::vector<std::string>& events) {
  if (kind == FramerKind::websocket && !events.empty() && events.back().starts_with("error"))
    events.back() = "error";
}

// The same input in any pieces says the same.
inline void check_framer(FramerKind kind, std::string_view bytes, std::uint64_t seed, std::string_view from) {
  static Wire wire;
  auto whole = checked_events(wire, kind, bytes, 0, from);
  auto cut = checked_events(wire, kind, bytes, seed + 1, from);
  forget_reason(kind, whole);
  forget_reason(kind, cut);
  std::string detail;
  for (const auto& event : whole) detail += "whole: " + event + "\n";
  for (const auto& event : cut) detail += "cut:   " + event + "\n";
  must(whole == cut, "pieces do not matter", detail);
}

}  // namespace hotline::test
