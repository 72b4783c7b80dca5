#include "net/xml_framer.h"

#include <algorithm>
#include <utility>

#include "net/stream_error.h"
#include "net/stream_header.h"
#include "net/xml_parser.h"

namespace hotline {

XmlFramer::XmlFramer(XmlParser& parser, const FramerLimits& limits) : parser_(&parser), limits_(limits) {}

FrameEvent XmlFramer::next(std::string_view& input) {
  if (!end_.has_input(input)) return {};
  std::size_t used = 0;
  const Splitter::Found found = splitter_.next(input, used, limits_);
  const std::string_view bytes = input.substr(0, used);
  input.remove_prefix(used);
  switch (found) {
    case Splitter::Found::nothing: return {};
    case Splitter::Found::need_more:
      if (partial_ == nullptr) partial_ = std::make_unique<std::string>();
      partial_->append(bytes);
      return {};
    case Splitter::Found::error: return fail(splitter_.condition(), splitter_.reason());
    default: break;
  }
  if (partial_ == nullptr) return take(found, bytes);
  const std::unique_ptr<std::string> piece = std::move(partial_);
  piece->append(bytes);
  return take(found, *piece);
}

FrameEvent XmlFramer::take(Splitter::Found found, std::string_view piece) {
  if (found == Splitter::Found::end) return end_.by_peer(FrameEvent::Kind::close);
  FrameEvent event;
  if (found == Splitter::Found::header) {
    StreamHeaderOutcome outcome = parse_stream_header(piece, limits_, parser_->new_salt());
    if (outcome.condition != nullptr) return fail(outcome.condition, std::move(outcome.text));
    keep(from(), lang(), outcome.declarations);
    event.kind = FrameEvent::Kind::open;
    event.header = std::move(outcome.header);
  } else {
    XmlParser::Outcome outcome = parser_->parse(piece, limits_, {from(), lang(), declarations()});
    if (!outcome.stanza) return fail(outcome.condition, std::move(outcome.text));
    event.kind = FrameEvent::Kind::stanza;
    event.stanza = std::move(outcome.stanza);
  }
  return event;
}

FrameEvent XmlFramer::fail(const char* condition, std::string text) {
  partial_.reset();
  return end_.by_error(condition, std::move(text));
}

void XmlFramer::stamp(std::string from, std::string lang) {
  keep(from, lang, declarations());
}

// The old ones may be among what is given.
void XmlFramer::keep(std::string_view from, std::string_view lang, std::string_view declarations) {
  std::unique_ptr<char[]> kept;
  if (const std::size_t bytes = from.size() + lang.size() + declarations.size(); bytes > 0) {
    kept = std::make_unique_for_overwrite<char[]>(bytes);
    char* at = kept.get();
    for (const std::string_view text : {from, lang, declarations})
      at = std::copy(text.begin(), text.end(), at);
  }
  kept_ = std::move(kept);
  from_bytes_ = static_cast<std::uint32_t>(from.size());
  lang_bytes_ = static_cast<std::uint32_t>(lang.size());
  declarations_bytes_ = static_cast<std::uint32_t>(declarations.size());
}

void XmlFramer::set_limits(const FramerLimits& limits) {
  limits_ = limits;
}

void XmlFramer::restart() {
  splitter_ = Splitter();
  end_.restart();
  partial_.reset();
  keep(from(), lang(), {});
}

bool XmlFramer::freeze(FrozenFramer& frozen) const {
  if (end_.is_over()) return false;
  frozen.from = from();
  frozen.lang = lang();
  frozen.declarations = declarations();
  if (partial_ != nullptr) frozen.partial = *partial_;
  frozen.is_open = splitter_.is_opened();
  return true;
}

// What has come of a piece is looked at once more: the splitter is then where it was.
bool XmlFramer::thaw(const FrozenFramer& frozen) {
  keep(frozen.from, frozen.lang, frozen.declarations);
  splitter_ = Splitter(frozen.is_open ? Splitter::Start::element : Splitter::Start::header);
  if (frozen.partial.empty()) return true;
  std::string_view again = frozen.partial;
  std::size_t used = 0;
  if (splitter_.next(again, used, limits_) != Splitter::Found::need_more || used != frozen.partial.size())
    return false;
  partial_ = std::make_unique<std::string>(frozen.partial);
  return true;
}

void XmlFramer::write_open(std::string_view id, std::string_view from, std::string_view lang,
                           std::string& out) {
  out.append(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams'");
  append_attribute(out, "id", id);
  append_attribute(out, "from", from);
  out.append(" version='1.0'");
  append_attribute(out, "xml:lang", lang);
  out.append(">");
}

void XmlFramer::write_close(std::string_view condition, std::string_view text, bool opened,
                            std::string& out) {
  if (!opened) {
    if (condition.empty()) return;
    write_open({}, {}, {}, out);  // An error is sent inside of a stream (RFC 6120 4.9.1.2).
  }
  if (!condition.empty()) append_stream_error(out, condition, text, {});
  out.append("</stream:stream>");
}

}  // namespace hotline
