#include "net/websocket_framer.h"

#include <algorithm>
#include <utility>

#include "net/ascii.h"
#include "net/stream_error.h"
#include "net/stream_header.h"
#include "net/websocket_upgrade.h"
#include "net/xml_parser.h"

namespace hotline {

namespace {

constexpr std::string_view ns_framing = "urn:ietf:params:xml:ns:xmpp-framing";
constexpr std::string_view declare_client = " xmlns='jabber:client'";
constexpr std::string_view declare_stream = " xmlns:stream='http://etherx.jabber.org/streams'";

// The start tag of the root, without its '>' or "/>".
std::string_view root_tag(std::string_view xml) {
  char quote = 0;
  for (std::size_t at = 0; at < xml.size(); ++at) {
    const char c = xml[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '>') {
      return xml.substr(0, at > 0 && xml[at - 1] == '/' ? at - 1 : at);
    }
  }
  return xml;
}

// Whether the tag has that attribute; looks outside of values only.
bool has_attribute(std::string_view tag, std::string_view name) {
  char quote = 0;
  for (std::size_t at = 0; at < tag.size(); ++at) {
    const char c = tag[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (is_space(c) && tag.substr(at + 1).starts_with(name)) {
      const std::string_view rest = tag.substr(at + 1 + name.size());
      if (!rest.empty() && (rest.front() == '=' || is_space(rest.front()))) return true;
    }
  }
  return false;
}

const char* condition_of(std::uint16_t code) {
  switch (code) {
    case websocket_bad_payload: return "not-well-formed";
    case websocket_too_big: return "policy-violation";
    default: return "bad-format";
  }
}

}  // namespace

WebsocketFramer::WebsocketFramer(XmlParser& parser, const FramerLimits& limits)
    : parser_(&parser),
      limits_(limits),
      reader_(limits.stanza_bytes_max),
      head_(std::make_unique<HttpReader>(HttpLimits{})) {}

FrameEvent WebsocketFramer::next(std::string_view& input) {
  if (!end_.has_input(input)) return {};
  if (head_ != nullptr) return next_of_head(input);
  FrameEvent event;
  switch (reader_.next(input)) {
    case WebsocketReader::Found::need_more:
      if (is_beyond_limit(reader_.partial())) return fail(watch_.condition(), watch_.reason());
      break;
    case WebsocketReader::Found::message: return take_message(reader_.take());
    case WebsocketReader::Found::ping:
      event.kind = FrameEvent::Kind::reply;
      append_websocket_frame(event.text, WebsocketOpcode::pong, reader_.take());
      break;
    case WebsocketReader::Found::close:
      is_closed_by_peer_ = true;
      return end_.by_peer(FrameEvent::Kind::hang_up);
    case WebsocketReader::Found::error:
      return fail(condition_of(reader_.code()), std::string(reader_.reason()));
  }
  return event;
}

bool WebsocketFramer::freeze(FrozenFramer& frozen) const {
  if (end_.is_over() || head_ != nullptr || is_closed_by_peer_) return false;
  frozen.from = from_;
  frozen.lang = lang_;
  frozen.is_open = is_open_;
  frozen.reader = reader_.freeze();
  return true;
}

// watch_ looks at what has come of a message once more, with its next bytes.
bool WebsocketFramer::thaw(const FrozenFramer& frozen) {
  head_.reset();
  from_ = frozen.from;
  lang_ = frozen.lang;
  is_open_ = frozen.is_open;
  return reader_.thaw(frozen.reader);
}

// Whatever else is wrong with a message the parser says, once it is whole.
bool WebsocketFramer::is_beyond_limit(std::string_view message) {
  std::string_view fresh = message.substr(std::min(watched_bytes_, message.size()));
  watched_bytes_ = message.size();
  Splitter::Found found = Splitter::Found::need_more;
  while (!fresh.empty() && found != Splitter::Found::error) {
    std::size_t used = 0;
    found = watch_.next(fresh, used, limits_);
    fresh.remove_prefix(used);
  }
  return watch_.is_beyond_limit();
}

FrameEvent WebsocketFramer::next_of_head(std::string_view& input) {
  FrameEvent event;
  UpgradeAnswer answer;
  switch (head_->next(input)) {
    case HttpReader::Found::need_more:
    case HttpReader::Found::body:
    case HttpReader::Found::part: return event;  // No body: the first head is the last.
    case HttpReader::Found::head: answer = answer_upgrade(head_->head()); break;
    case HttpReader::Found::error:
      append_http_response(answer.text, head_->problem(), HttpEnd::close, false, {});
      break;
  }
  event.text = std::move(answer.text);
  if (answer.is_upgraded) {
    head_.reset();
    event.kind = FrameEvent::Kind::reply;
  } else {
    static_cast<void>(end_.by_peer(FrameEvent::Kind::refused));
    event.kind = FrameEvent::Kind::refused;
  }
  return event;
}

FrameEvent WebsocketFramer::take_message(std::string_view message) {
  if (is_beyond_limit(message)) return fail(watch_.condition(), watch_.reason());
  watch_ = Splitter(Splitter::Start::element);
  watched_bytes_ = 0;
  XmlParser::Outcome outcome = parser_->parse(message, limits_, {from_, lang_, {}});
  if (!outcome.stanza) return fail(outcome.condition, std::move(outcome.text));
  FrameEvent event;
  if (outcome.stanza->ns(0) == ns_framing) {
    if (outcome.stanza->name(0) == "open") return take_open(*outcome.stanza);
    if (outcome.stanza->name(0) != "close")
      return fail("bad-format", "only <open/> and <close/> frame a stream");
    return end_.by_peer(FrameEvent::Kind::close);
  }
  if (!is_open_) return fail("bad-format", "a stream begins with <open/>");
  event.kind = FrameEvent::Kind::stanza;
  event.stanza = std::move(outcome.stanza);
  return event;
}

FrameEvent WebsocketFramer::take_open(const Stanza& open) {
  if (is_open_) return fail("bad-format", "a second <open/> in one stream");
  if (!is_version_supported(open.attr(0, "version"))) {
    return fail("unsupported-version", "the stream's version has to be 1.0 or later");
  }
  is_open_ = true;
  FrameEvent event;
  event.kind = FrameEvent::Kind::open;
  event.header.to = open.attr(0, "to");
  event.header.from = open.attr(0, "from");
  event.header.lang = open.attr(0, "xml:lang");
  event.header.version = open.attr(0, "version");
  return event;
}

FrameEvent WebsocketFramer::fail(const char* condition, std::string text) {
  return end_.by_error(condition, std::move(text));
}

void WebsocketFramer::stamp(std::string from, std::string lang) {
  from_ = std::move(from);
  lang_ = std::move(lang);
}

void WebsocketFramer::set_limits(const FramerLimits& limits) {
  limits_ = limits;
  reader_.set_max(limits.stanza_bytes_max);
}

void WebsocketFramer::restart() {
  is_open_ = false;
  end_.restart();
  reader_.drop_message();
  watch_ = Splitter(Splitter::Start::element);
  watched_bytes_ = 0;
}

void WebsocketFramer::write_open(std::string_view id, std::string_view from, std::string_view lang,
                                 std::string& out) {
  std::string xml("<open xmlns='");
  xml.append(ns_framing).append("'");
  append_attribute(xml, "id", id);
  append_attribute(xml, "from", from);
  xml.append(" version='1.0'");
  append_attribute(xml, "xml:lang", lang);
  append_websocket_frame(out, WebsocketOpcode::text, xml.append("/>"));
}

// A message is a document of its own: what the stream would have declared is declared in it.
void WebsocketFramer::write_element(std::string_view xml, std::string& out) {
  const std::string_view tag = root_tag(xml);
  std::size_t name_end = 0;
  while (name_end < tag.size() && !is_space(tag[name_end])) ++name_end;
  const std::string_view stream = tag.starts_with("<stream:") && !has_attribute(tag, "xmlns:stream")
                                      ? declare_stream
                                      : std::string_view();
  const std::string_view client = has_attribute(tag, "xmlns") ? std::string_view() : declare_client;
  append_websocket_header(out, WebsocketOpcode::text, xml.size() + stream.size() + client.size());
  out.append(xml.substr(0, name_end)).append(client).append(stream).append(xml.substr(name_end));
}

void WebsocketFramer::write_close(std::string_view condition, std::string_view text, bool opened,
                                  std::string& out) {
  if (head_ != nullptr) return;
  if (!is_closed_by_peer_ && (opened || !condition.empty())) {
    if (!opened) write_open({}, {}, {}, out);
    if (!condition.empty()) {
      std::string error;
      append_stream_error(error, condition, text, declare_stream);
      append_websocket_frame(out, WebsocketOpcode::text, error);
    }
    append_websocket_frame(out, WebsocketOpcode::text,
                           "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
  }
  const std::uint16_t code = reader_.code() != 0 ? reader_.code() : websocket_normal;
  append_websocket_close(out, code);
}

}  // namespace hotline
