#include "net/splitter.h"

#include <array>
#include <cstring>

#include "net/ascii.h"
#include "net/byte_block.h"
#include "net/stream_header.h"

namespace hotline {

namespace {

constexpr std::string_view cdata_start = "[CDATA[";
constexpr std::string_view stream_name = "stream:stream";

constexpr auto ends_tag_run = [] {
  std::array<bool, 256> table{};
  for (const unsigned char c : {'>', '<', '\'', '"'}) table[c] = true;
  return table;
}();

// Where `c` is next; input.size() when it is not.
std::size_t find(std::string_view input, std::size_t at, char c) {
  const void* found = std::memchr(input.data() + at, c, input.size() - at);
  return found == nullptr ? input.size()
                          : static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
}

}  // namespace

void Splitter::fail(const char* condition, const char* reason) {
  condition_ = condition;
  reason_ = reason;
  found_ = Found::error;
}

void Splitter::fail_limit(std::uint32_t limit, const char* what) {
  limit_ = limit;
  fail("policy-violation", what);
}

std::string Splitter::reason() const {
  return limit_ == 0 ? reason_ : "more than " + std::to_string(limit_) + " " + reason_;
}

Splitter::Found Splitter::next(std::string_view& input, std::size_t& used, const FramerLimits& limits) {
  used = 0;
  if (found_ == Found::error) return found_;
  if (size_ == 0) {
    while (!input.empty() && is_space(input.front())) input.remove_prefix(1);
    if (input.empty()) return Found::nothing;
  }
  found_ = Found::need_more;
  const std::uint32_t bytes_max = limits.stanza_bytes_max;
  const std::size_t room = bytes_max > size_ ? bytes_max - size_ : 0;
  used = scan(input.substr(0, room), limits);
  size_ += static_cast<std::uint32_t>(used);
  if (found_ == Found::need_more && used < input.size()) fail_limit(bytes_max, "bytes in one stanza");
  if (found_ == Found::header || found_ == Found::element || found_ == Found::end) {
    is_opened_ = true;
    size_ = elements_ = 0;
    mode_ = Mode::between;
  }
  return found_;
}

std::size_t Splitter::scan(std::string_view input, const FramerLimits& limits) {
  std::size_t at = 0;
  while (at < input.size() && found_ == Found::need_more) {
    const char c = input[at];
    switch (mode_) {
      case Mode::between:
        on_between(c);
        ++at;
        break;
      case Mode::markup:
        on_markup(c, limits);
        ++at;
        break;
      case Mode::instruction:
        if (c == '>' && last_ == '?') mode_ = Mode::between;
        last_ = c;
        ++at;
        break;
      case Mode::bang:
        on_bang(c);
        ++at;
        break;
      case Mode::cdata: at = scan_cdata(input, at); break;
      case Mode::tag: at = scan_tag(input, at, limits); break;
      case Mode::quoted:
        at = find(input, at, quote_);
        if (at == input.size()) break;
        mode_ = Mode::tag;
        last_ = quote_;
        ++at;
        break;
      case Mode::end_tag:
        if (depth_ > 0) at = find(input, at, '>');
        if (at == input.size()) break;
        on_end_tag(input[at]);
        ++at;
        break;
      case Mode::text:
        at = find(input, at, '<');
        if (at == input.size()) break;
        mode_ = Mode::markup;
        ++at;
        break;
    }
  }
  return at;
}

void Splitter::on_between(char c) {
  if (c == '<') {
    mode_ = Mode::markup;
  } else if (is_opened_) {
    fail("bad-format", "text between two stanzas");
  } else if (!is_space(c)) {  // Space may stand between the XML declaration and the header.
    fail("not-well-formed", "a stream begins with <stream:stream>");
  }
}

void Splitter::on_markup(char c, const FramerLimits& limits) {
  if (c == '/') {
    if (!is_opened_) return fail("not-well-formed", "an end tag before the stream header");
    mode_ = Mode::end_tag;
    matched_ = 0;
  } else if (c == '!') {
    if (depth_ == 0) return fail("restricted-xml", "comments and declarations are not allowed");
    mode_ = Mode::bang;
    matched_ = 0;
  } else if (c == '?') {
    if (is_opened_ || has_declaration_) {
      return fail("restricted-xml", "processing instructions are not allowed");
    }
    has_declaration_ = true;  // Whether it is one, the header's parser sees.
    mode_ = Mode::instruction;
    last_ = 0;
  } else {
    mode_ = Mode::tag;
    last_ = c;
    matched_ = 0;
    values_ = name_bytes_ = 0;
    if (is_opened_ && ++elements_ > limits.elements_max)
      return fail_limit(limits.elements_max, "elements in one stanza");
    is_naming_ = is_opened_ && depth_ == 0;
    if (is_naming_) on_stream_prefix(c);
    if (c == '<' || c == '>') fail("not-well-formed", "a tag without a name");
  }
}

void Splitter::on_bang(char c) {
  if (c != cdata_start[matched_]) {
    return fail("restricted-xml", "comments and declarations are not allowed");
  }
  if (++matched_ < cdata_start.size()) return;
  matched_ = 0;
  mode_ = Mode::cdata;
}

std::size_t Splitter::scan_cdata(std::string_view input, std::size_t at) {
  if (matched_ == 0) {
    at = find(input, at, ']');
    if (at == input.size()) return at;
  }
  const char c = input[at];
  if (c == ']') {
    if (matched_ < 2) ++matched_;
  } else {
    if (c == '>' && matched_ == 2) mode_ = Mode::text;
    matched_ = 0;
  }
  return at + 1;
}

// A name is no longer than its prefix, a colon and its local part may be. Space in a tag counts as if it were
// of a name: so much of it nobody needs.
std::size_t Splitter::scan_tag(std::string_view input, std::size_t at, const FramerLimits& limits) {
  while (is_naming_ && at < input.size() && found_ == Found::need_more) {
    on_stream_prefix(input[at]);
    if (is_naming_) ++at;
  }
  const std::size_t start = at;
  while (at + block_bytes <= input.size() && !has_any_of<'>', '<', '\'', '"'>(input.data() + at))
    at += block_bytes;
  while (at < input.size() && !ends_tag_run[static_cast<unsigned char>(input[at])]) ++at;
  if (at > start) last_ = input[at - 1];
  name_bytes_ += static_cast<std::uint32_t>(at - start);
  if (name_bytes_ > 2 * limits.name_bytes_max + 2) fail_limit(limits.name_bytes_max, "bytes in a name");
  if (at == input.size() || found_ != Found::need_more) return at;
  const char c = input[at];
  if (c == '<') {
    fail("not-well-formed", "'<' inside of a tag");
  } else if (c == '>') {
    on_start_tag_end(limits);
  } else {
    on_value(c, limits);
  }
  return at + 1;
}

// Namespaces are declared by attributes, and counted apart by the parser: so here as many again are let
// through.
void Splitter::on_value(char quote, const FramerLimits& limits) {
  quote_ = quote;
  mode_ = Mode::quoted;
  name_bytes_ = 0;
  if (++values_ > 2 * limits.attributes_max + 1)
    fail_limit(limits.attributes_max, "attributes on one element");
}

// A second stream header would not end before the stream does: it is refused at its prefix.
void Splitter::on_stream_prefix(char c) {
  if (c != stream_prefix[matched_]) {
    is_naming_ = false;
  } else if (++matched_ == stream_prefix.size()) {
    fail("bad-format", "an element of the stream's own namespace inside the stream");
  }
}

void Splitter::on_start_tag_end(const FramerLimits& limits) {
  const bool is_empty = last_ == '/';
  if (!is_opened_) {
    if (is_empty) return fail("bad-format", "the stream header is an empty element");
    found_ = Found::header;
  } else if (is_empty && depth_ == 0) {
    found_ = Found::element;
  } else {
    // An empty element is as deep as any other.
    if (depth_ >= limits.depth_max) return fail_limit(limits.depth_max, "elements inside each other");
    if (!is_empty) ++depth_;
    mode_ = Mode::text;
  }
}

void Splitter::on_end_tag(char c) {
  if (depth_ > 0) {  // Only called for its '>'.
    if (--depth_ == 0) {
      found_ = Found::element;
    } else {
      mode_ = Mode::text;
    }
  } else if (matched_ < stream_name.size()) {
    if (c != stream_name[matched_++]) fail("not-well-formed", "an end tag without its start tag");
  } else if (c == '>') {
    found_ = Found::end;
  } else if (!is_space(c)) {
    fail("not-well-formed", "an end tag without its start tag");
  }
}

}  // namespace hotline
