// The fake host's stanzas: a small, lenient parser for what tests write, and hotline.stanza/1 over it.
//
// It takes elements, attributes, namespaces, the five predefined entities and character references. The real
// host's parser refuses much more; tests of hostile input belong to it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hotline/cap/stanza.h"
#include "hotline/str.hpp"
#include "hotline/xml.hpp"

namespace hotline::sdk::fake {

class Stanza {
 public:
  using Attributes = std::vector<std::pair<std::string, std::string>>;

  // NULL when `xml` is not one element. `stamps` are set on the root, replacing what is there.
  static std::shared_ptr<const Stanza> parse(std::string_view xml, const Attributes& stamps = {}) {
    auto stanza = std::make_shared<Stanza>();
    stanza->rest_ = xml;
    if (!stanza->element("jabber:client", {}, &stamps) || !stanza->rest_.empty()) return nullptr;
    stanza->finish();
    return stanza;
  }

  const hl_stanza& c() const { return c_; }
  static const Stanza& of(const hl_stanza* stanza) { return *static_cast<const Stanza*>(stanza->index); }
  static const hl_cap_stanza& capability_without_parse() { return functions; }

 private:
  struct Node {
    std::string name, ns, text;
    Attributes attrs;
    std::size_t begin = 0, end = 0;  // Its canonical bytes in out_.
    std::uint32_t first = HL_NODE_NONE, next = HL_NODE_NONE;
  };
  using Scope = std::map<std::string, std::string>;

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  std::string word() {
    std::string found(rest_.substr(0, rest_.find_first_of(" \t\r\n=/><'\"")));
    rest_.remove_prefix(found.size());
    return found;
  }

  static std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const std::size_t at = text.find('&');
      out.append(text.substr(0, at));
      if (at == std::string_view::npos) break;
      const std::size_t end = text.find(';', at);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string entity(text.substr(at + 1, end - at - 1));
      if (entity == "amp")
        out += '&';
      else if (entity == "lt")
        out += '<';
      else if (entity == "gt")
        out += '>';
      else if (entity == "apos")
        out += '\'';
      else if (entity == "quot")
        out += '"';
      else if (entity.starts_with("#x"))
        out += static_cast<char>(std::strtol(entity.c_str() + 2, nullptr, 16));
      else if (entity.starts_with("#"))
        out += static_cast<char>(std::strtol(entity.c_str() + 1, nullptr, 10));
      else
        return std::nullopt;
      text.remove_prefix(end + 1);
    }
    return out;
  }

  std::optional<Attributes> attributes(Scope& scope) {
    Attributes found;
    for (skip_space(); !rest_.empty() && rest_.front() != '>' && rest_.front() != '/'; skip_space()) {
      const std::string name = word();
      if (name.empty() || !take("=") || rest_.empty()) return std::nullopt;
      const char quote = rest_.front();
      if (quote != '\'' && quote != '"') return std::nullopt;
      const std::size_t end = rest_.find(quote, 1);
      if (end == std::string_view::npos) return std::nullopt;
      std::optional<std::string> value = unescape(rest_.substr(1, end - 1));
      if (!value) return std::nullopt;
      rest_.remove_prefix(end + 1);
      if (name == "xmlns")
        scope[""] = *value;
      else if (name.starts_with("xmlns:"))
        scope[name.substr(6)] = *value;
      else
        found.emplace_back(name, *value);
    }
    return found;
  }

  bool element(const std::string& parent_ns, Scope scope, const Attributes* stamps) {
    if (!take("<")) return false;
    const std::string qualified = word();
    if (qualified.empty()) return false;
    if (scope.empty()) scope[""] = parent_ns;
    std::optional<Attributes> attrs = attributes(scope);
    if (!attrs) return false;
    const std::size_t colon = qualified.find(':');
    const std::string prefix = colon == std::string::npos ? "" : qualified.substr(0, colon);
    if (!scope.contains(prefix)) return false;

    const std::uint32_t self = static_cast<std::uint32_t>(nodes_.size());
    Node& made = nodes_.emplace_back();
    made.name = colon == std::string::npos ? qualified : qualified.substr(colon + 1);
    made.ns = scope[prefix];
    made.attrs = std::move(*attrs);
    if (stamps != nullptr) {
      for (const auto& stamp : *stamps) {
        std::erase_if(made.attrs, [&](const auto& attr) { return attr.first == stamp.first; });
        made.attrs.push_back(stamp);
      }
    }
    made.begin = out_.size();
    out_.append("<").append(made.name);
    if (made.ns != parent_ns) write_attr("xmlns", made.ns);
    for (const auto& [name, value] : made.attrs) write_attr(name, value);
    out_.append(">");
    if (self == 0) inner_begin_ = out_.size();
    return content(self, scope, qualified);
  }

  void write_attr(std::string_view name, std::string_view value) {
    out_.append(" ").append(name).append("='");
    append_escaped(out_, value);
    out_.append("'");
  }

  bool content(std::uint32_t self, const Scope& scope, const std::string& qualified) {
    const std::size_t content_begin = out_.size();
    if (!take("/>")) {
      if (!take(">")) return false;
      std::uint32_t last = HL_NODE_NONE;
      while (!take("</" + qualified + ">")) {
        if (rest_.empty()) return false;
        if (rest_.front() == '<') {
          const std::uint32_t child = static_cast<std::uint32_t>(nodes_.size());
          const std::string ns = nodes_[self].ns;  // A copy: nodes move when more come.
          if (!element(ns, scope, nullptr)) return false;
          (last == HL_NODE_NONE ? nodes_[self].first : nodes_[last].next) = child;
          last = child;
          continue;
        }
        const std::string_view raw = rest_.substr(0, rest_.find('<'));
        const std::optional<std::string> text = unescape(raw);
        if (!text) return false;
        rest_.remove_prefix(raw.size());
        nodes_[self].text += *text;
        append_escaped(out_, *text);
      }
    }
    if (self == 0) inner_end_ = out_.size();
    if (self != 0 && out_.size() == content_begin) {
      out_.back() = '/';
      out_.append(">");
    } else {
      out_.append("</").append(nodes_[self].name).append(">");
    }
    nodes_[self].end = out_.size();
    return true;
  }

  void finish() {
    const Node& root = nodes_[0];
    const auto attr_of = [&](std::string_view name) { return str(attr(0, name)); };
    const bool is_client = root.ns == "jabber:client";
    c_.size = sizeof c_;
    c_.kind = is_client && root.name == "message"    ? HL_STANZA_MESSAGE
              : is_client && root.name == "presence" ? HL_STANZA_PRESENCE
              : is_client && root.name == "iq"       ? HL_STANZA_IQ
                                                     : HL_STANZA_NONZA;
    c_.name = str(root.name);
    c_.ns = str(root.ns);
    c_.to = attr_of("to");
    c_.from = attr_of("from");
    c_.id = attr_of("id");
    c_.type = attr_of("type");
    if (root.first != HL_NODE_NONE) {
      c_.payload_name = str(nodes_[root.first].name);
      c_.payload_ns = str(nodes_[root.first].ns);
    }
    c_.xml = str(out_);
    c_.inner = str(std::string_view(out_).substr(inner_begin_, inner_end_ - inner_begin_));
    c_.index = this;
  }

  std::string_view attr(std::uint32_t node, std::string_view name) const {
    for (const auto& [key, value] : nodes_[node].attrs)
      if (key == name) return value.empty() ? std::string_view("") : std::string_view(value);
    return {};
  }

  static hl_str get_name(const hl_stanza* stanza, std::uint32_t node) {
    return str(of(stanza).nodes_[node].name);
  }
  static hl_str get_ns(const hl_stanza* stanza, std::uint32_t node) {
    return str(of(stanza).nodes_[node].ns);
  }
  static hl_str get_text(const hl_stanza* stanza, std::uint32_t node) {
    return str(of(stanza).nodes_[node].text);
  }
  static hl_str get_attr(const hl_stanza* stanza, std::uint32_t node, hl_str name) {
    return str(of(stanza).attr(node, view(name)));
  }
  static std::uint32_t get_first(const hl_stanza* stanza, std::uint32_t node) {
    return of(stanza).nodes_[node].first;
  }
  static std::uint32_t get_next(const hl_stanza* stanza, std::uint32_t node) {
    return of(stanza).nodes_[node].next;
  }
  static std::uint32_t get_child(const hl_stanza* stanza, std::uint32_t node, hl_str ns, hl_str name) {
    const auto& nodes = of(stanza).nodes_;
    for (std::uint32_t at = nodes[node].first; at != HL_NODE_NONE; at = nodes[at].next)
      if ((ns.size == 0 || nodes[at].ns == view(ns)) && (name.size == 0 || nodes[at].name == view(name)))
        return at;
    return HL_NODE_NONE;
  }
  static hl_str get_xml(const hl_stanza* stanza, std::uint32_t node) {
    const Node& found = of(stanza).nodes_[node];
    return str(std::string_view(of(stanza).out_).substr(found.begin, found.end - found.begin));
  }
  static constexpr hl_cap_stanza functions = {sizeof(hl_cap_stanza),
                                              0,
                                              get_name,
                                              get_ns,
                                              get_attr,
                                              get_text,
                                              get_first,
                                              get_next,
                                              get_child,
                                              get_xml,
                                              nullptr};

  std::vector<Node> nodes_;
  std::string out_;
  std::size_t inner_begin_ = 0, inner_end_ = 0;
  std::string_view rest_;  // While parsing.
  hl_stanza c_{};
};

}  // namespace hotline::sdk::fake
