// What a framer says of some bytes, as lines of text that tests can compare.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "net/framer.h"
#include "net/xml_parser.h"

namespace hotline::test {

constexpr std::string_view stream_header =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

inline std::string describe(const FrameEvent& event) {
  switch (event.kind) {
    case FrameEvent::Kind::need_more: return "need_more";
    case FrameEvent::Kind::open:
      return "open to=" + event.header.to + " from=" + event.header.from + " lang=" + event.header.lang +
             " version=" + event.header.version;
    case FrameEvent::Kind::stanza: return "stanza " + std::string(event.stanza->bytes());
    case FrameEvent::Kind::line: return "line " + event.text;
    case FrameEvent::Kind::close: return "close";
    case FrameEvent::Kind::hang_up: return "hang_up";
    case FrameEvent::Kind::reply: return "reply " + event.text;
    case FrameEvent::Kind::error: return std::string("error ") + event.condition + ": " + event.text;
    case FrameEvent::Kind::refused: return "refused " + event.text;
    case FrameEvent::Kind::request_head: {
      const HttpRequest& request = *event.request;
      std::string text = "head " + request.method + " " + request.path;
      if (request.has_query) text += "?" + request.query;
      text += " of " + request.host;
      for (const HttpField& field : request.fields) text += "|" + field.name + "=" + field.value;
      return text + (request.keeps_alive ? "" : " close") + (request.has_body ? " body" : "");
    }
    case FrameEvent::Kind::request_part: return "part " + event.text;
    case FrameEvent::Kind::request_body: return "body " + event.text;
  }
  return "?";
}

// All events of `bytes`, given in chunks of `chunk` bytes at the most (0: all at once).
inline std::vector<std::string> events_of(Framer& framer, std::string_view bytes, std::size_t chunk = 0) {
  std::vector<std::string> events;
  if (chunk == 0) chunk = std::max<std::size_t>(bytes.size(), 1);
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    // A copy of its own, so that a sanitizer sees a framer that looks beyond the chunk.
    const std::vector<char> copy(
        bytes.begin() + static_cast<std::ptrdiff_t>(at),
        bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + chunk)));
    std::string_view input(copy.data(), copy.size());
    while (!input.empty()) {
      const FrameEvent event = framer.next(input);
      if (event.kind != FrameEvent::Kind::need_more) events.push_back(describe(event));
    }
  }
  // A request without a body has it with nothing more coming.
  std::string_view nothing;
  const FrameEvent last = framer.next(nothing);
  if (last.kind != FrameEvent::Kind::need_more) events.push_back(describe(last));
  return events;
}

// Says how often it was asked.
struct CountingRandom final : Random {
  void fill(std::span<unsigned char> out) override {
    ++calls;
    std::fill(out.begin(), out.end(), static_cast<unsigned char>(calls));
  }
  int calls = 0;
};

// A shard's parser and what its framers are made with.
struct Wire {
  SeededRandom random{7};
  XmlParser parser{random};
  FramerLimits limits;

  std::unique_ptr<Framer> framer(FramerKind kind = FramerKind::xml) {
    return make_framer(kind, parser, limits);
  }
  // The last event of a new stream in which `bytes` follow the header.
  std::string last(std::string_view bytes, std::size_t chunk = 0) {
    const auto xml = framer();
    const auto events = events_of(*xml, std::string(stream_header) + std::string(bytes), chunk);
    return events.empty() ? "nothing" : events.back();
  }
  // The parser's verdict on one element: canonical bytes, or "error condition: text".
  std::string parsed(std::string_view element, const XmlParser::Sender& sender = {}) {
    const XmlParser::Outcome outcome = parser.parse(element, limits, sender);
    if (outcome.stanza) return std::string(outcome.stanza->bytes());
    return std::string("error ") + outcome.condition + ": " + outcome.text;
  }
};

// The index as text: everything that the accessors of a stanza say.
inline std::string index_of(const Stanza& stanza, const std::vector<std::string_view>& attributes) {
  std::string text = std::to_string(static_cast<int>(stanza.kind()));
  for (Stanza::Node node = 0; node < stanza.node_count(); ++node) {
    text.append("\n{").append(stanza.ns(node)).append("}").append(stanza.name(node));
    for (const std::string_view name : attributes) {
      const std::string_view value = stanza.attr(node, name);
      if (value.data() != nullptr) text.append(" ").append(name).append("=").append(value);
    }
    text.append(" text=").append(stanza.text(node)).append(" xml=").append(stanza.xml(node));
    text.append(" child=").append(std::to_string(stanza.first_child(node)));
    text.append(" next=").append(std::to_string(stanza.next_sibling(node)));
  }
  return text.append("\ninner=").append(stanza.inner());
}

}  // namespace hotline::test
