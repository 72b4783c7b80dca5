#include "xml_scan.h"

namespace hotline::bench {
namespace {

constexpr std::size_t not_there = std::string_view::npos;

// Where the tag that starts at `at` ends (its '>'), past any '>' inside quotes.
std::size_t tag_end(std::string_view text, std::size_t at) {
  char quote = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '>') {
      return i;
    } else if (c == '\'' || c == '"') {
      quote = c;
    }
  }
  return not_there;
}

bool ends_name(char c) {
  return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The '<' of the first descendant `name`.
std::size_t find_child(std::string_view element, std::string_view name) {
  for (std::size_t at = element.find('<', 1); at != not_there; at = element.find('<', at + 1)) {
    const std::size_t after = at + 1 + name.size();
    if (after < element.size() && element.substr(at + 1, name.size()) == name && ends_name(element[after])) {
      return at;
    }
  }
  return not_there;
}

}  // namespace

void StanzaSplitter::feed(std::string_view bytes) {
  if (start_ == buffer_.size()) {
    buffer_.clear();
  } else if (start_ > 0) {
    buffer_.erase(0, start_);
  }
  seen_ -= start_;
  start_ = 0;
  buffer_.append(bytes);
}

void StanzaSplitter::reset() {
  *this = StanzaSplitter{};
}

StanzaSplitter::Piece StanzaSplitter::next() {
  const std::string_view text = buffer_;
  while (true) {
    const std::size_t open = text.find('<', seen_);
    if (open == not_there) {
      seen_ = text.size();
      if (depth_ == 0) start_ = seen_;  // White space between stanzas: a keepalive.
      return {};
    }
    if (depth_ == 0) start_ = open;
    const std::size_t close = tag_end(text, open);
    if (close == not_there) {
      seen_ = open;
      return {};
    }
    seen_ = close + 1;
    const char mark = text[open + 1];
    if (mark == '?' || mark == '!') {
      if (depth_ == 0) start_ = seen_;
      continue;
    }
    const std::string_view tag = text.substr(open, seen_ - open);
    if (depth_ == 0 && element_name(tag) == "stream:stream") {
      start_ = seen_;
      return {Kind::header, tag};
    }
    if (mark == '/') {
      if (depth_ == 0) {
        start_ = seen_;
        return {Kind::end, tag};
      }
      --depth_;
    } else if (text[close - 1] != '/') {
      ++depth_;
    }
    if (depth_ == 0) {
      const std::size_t begin = start_;
      start_ = seen_;
      return {Kind::stanza, text.substr(begin, seen_ - begin)};
    }
  }
}

std::string_view element_name(std::string_view element) {
  std::size_t end = 1;
  while (end < element.size() && !ends_name(element[end])) ++end;
  return element.empty() ? element : element.substr(1, end - 1);
}

std::string_view attribute(std::string_view element, std::string_view name) {
  const std::size_t end = tag_end(element, 0);
  const std::string_view tag = element.substr(0, end);
  for (std::size_t at = tag.find(name); at != not_there; at = tag.find(name, at + 1)) {
    const std::size_t equals = at + name.size();
    if (at == 0 || !ends_name(tag[at - 1]) || equals + 1 >= tag.size() || tag[equals] != '=') continue;
    const char quote = tag[equals + 1];
    const std::size_t close = tag.find(quote, equals + 2);
    if (close == not_there) return {};
    return tag.substr(equals + 2, close - equals - 2);
  }
  return {};
}

std::string_view child_text(std::string_view element, std::string_view name) {
  const std::size_t at = find_child(element, name);
  return at == not_there ? std::string_view{} : own_text(element.substr(at));
}

std::string_view own_text(std::string_view element) {
  const std::size_t open_end = tag_end(element, 0);
  if (open_end == not_there || element[open_end - 1] == '/') return {};
  const std::size_t close = element.find('<', open_end);
  if (close == not_there) return {};
  return element.substr(open_end + 1, close - open_end - 1);
}

bool has_child(std::string_view element, std::string_view name) {
  return find_child(element, name) != not_there;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '\'': out += "&apos;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace hotline::bench
