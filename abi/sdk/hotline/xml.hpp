// Writing stanzas: an escaping writer, and the answers RFC 6120 8.3 prescribes.
//
// What is written is canonical as the host means it: single quotes, a root that always has an end
// tag, "jabber:client" taken as the default namespace (so <iq>, <message> and <presence> carry no
// xmlns, and every element of another namespace does).
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hotline/str.hpp"

namespace hotline::sdk {

constexpr std::string_view ns_forms = "jabber:x:data";  // XEP-0004

// `text` as character data or attribute value. It must be UTF-8 without control characters, which
// everything that came out of a stanza is.
inline void append_escaped(std::string& out, std::string_view text) {
  // Not find_first_of, which asks memchr about each byte.
  const auto is_special = [](char c) { return c == '&' || c == '<' || c == '>' || c == '\'' || c == '"'; };
  for (;;) {
    const auto at =
        static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_special) - text.begin());
    out.append(text.substr(0, at));
    if (at == text.size()) return;
    switch (text[at]) {
      case '&': out.append("&amp;"); break;
      case '<': out.append("&lt;"); break;
      case '>': out.append("&gt;"); break;
      case '\'': out.append("&apos;"); break;
      default: out.append("&quot;"); break;
    }
    text.remove_prefix(at + 1);
  }
}

class Xml {
 public:
  Xml& open(std::string_view name, std::string_view ns = {}) {
    end_start_tag();
    out_.append(1, '<');
    open_.push_back({static_cast<std::uint32_t>(out_.size()), static_cast<std::uint32_t>(name.size())});
    out_.append(name);
    in_start_tag_ = true;
    if (!ns.empty()) attr("xmlns", ns);
    return *this;
  }
  // An absent value (see str.hpp) writes nothing.
  Xml& attr(std::string_view name, std::string_view value) {
    if (is_absent(value)) return *this;
    out_.append(1, ' ').append(name).append("='");
    append_escaped(out_, value);
    out_.append(1, '\'');
    return *this;
  }
  Xml& attr(std::string_view name, hl_str value) { return attr(name, view(value)); }
  Xml& attr(std::string_view name, std::integral auto value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return attr(name, std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  Xml& text(std::string_view text) {
    end_start_tag();
    append_escaped(out_, text);
    return *this;
  }
  // Bytes that are XML already.
  Xml& raw(std::string_view xml) {
    if (xml.empty()) return *this;
    end_start_tag();
    out_.append(xml);
    return *this;
  }
  Xml& close() {
    const auto [offset, size] = open_.back();
    open_.pop_back();
    if (in_start_tag_ && !open_.empty()) {
      out_.append("/>");
      in_start_tag_ = false;
      return *this;
    }
    end_start_tag();
    out_.append("</").append(out_, offset, size).append(1, '>');
    return *this;
  }
  // open, text, close: <name>text</name>.
  Xml& leaf(std::string_view name, std::string_view content) { return open(name).text(content).close(); }
  Xml& empty(std::string_view name, std::string_view ns = {}) { return open(name, ns).close(); }

  // Closes what is open and gives the text away.
  std::string take() {
    while (!open_.empty()) close();
    return std::exchange(out_, {});
  }
  std::string_view written() const { return out_; }

 private:
  void end_start_tag() {
    if (in_start_tag_) out_.append(1, '>');
    in_start_tag_ = false;
  }

  std::string out_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open_;  // Where each open element's name is in out_.
  bool in_start_tag_ = false;
};

// Whether an error may be sent in answer: never to an error, nor to an iq that is itself an answer.
inline bool is_answerable(const hl_stanza& stanza) {
  const std::string_view type = view(stanza.type);
  return type != "error" && !(stanza.kind == HL_STANZA_IQ && type == "result");
}

// The error that answers `stanza` (RFC 6120 8.3): back to where it came from, from where it was
// addressed to. `type` is auth, cancel, continue, modify or wait; `text` is for people and optional;
// `more` is XML of an application-specific condition.
inline std::string stanza_error(const hl_stanza& stanza, std::string_view type, std::string_view condition,
                                std::string_view text = {}, std::string_view more = {}) {
  constexpr std::string_view ns = "urn:ietf:params:xml:ns:xmpp-stanzas";
  Xml xml;
  xml.open(view(stanza.name)).attr("from", stanza.to).attr("to", stanza.from).attr("id", stanza.id);
  xml.attr("type", "error").open("error").attr("type", type).empty(condition, ns);
  if (!text.empty()) xml.open("text", ns).attr("xml:lang", "en").text(text).close();
  return xml.raw(more).take();
}

// The result that answers an iq, with `inner` (XML) inside.
inline std::string iq_result(const hl_stanza& iq, std::string_view inner = {}) {
  Xml xml;
  xml.open("iq").attr("from", iq.to).attr("to", iq.from).attr("id", iq.id).attr("type", "result").raw(inner);
  return xml.take();
}

}  // namespace hotline::sdk
