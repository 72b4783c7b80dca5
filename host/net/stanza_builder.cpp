#include "net/stanza_builder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "base/check.h"
#include "net/stream_header.h"
#include "net/xml_escape.h"

namespace hotline {

void StanzaBuilder::Bytes::grow(std::size_t more) {
  capacity = std::max<std::size_t>(capacity * 2, size + more + 1024);
  std::unique_ptr<char[]> larger(new char[capacity]);
  if (size > 0) std::memcpy(larger.get(), data.get(), size);
  data = std::move(larger);
}

void StanzaBuilder::begin() {
  canonical_.size = 0;
  extra_.size = 0;
  nodes_.clear();
  attrs_.clear();
  pieces_.clear();
  open_.clear();
  joined_.clear();
  client_ns_ = {};
  inner_ = {};
  is_tag_open_ = false;
  is_root_prefixed_ = false;
}

void StanzaBuilder::shrink() {
  *this = StanzaBuilder();
}

std::string_view StanzaBuilder::view(Span span) {
  return {area(span).data.get() + (span.offset & ~extra_flag), span.size};
}

StanzaBuilder::Span StanzaBuilder::add_extra(std::string_view raw) {
  const Span span{extra_.offset() | extra_flag, static_cast<std::uint32_t>(raw.size())};
  extra_.put(raw);
  return span;
}

void StanzaBuilder::open(std::string_view ns, std::string_view name) {
  const bool is_root = open_.empty();
  const auto node = static_cast<Stanza::Node>(nodes_.size());
  if (!is_root) {
    end_start_tag();
    Open& parent = open_.back();
    (parent.last_child == Stanza::none ? nodes_[parent.node].child : nodes_[parent.last_child].next_sibling) =
        node;
    parent.last_child = node;
  }
  Stanza::NodeRecord record{};
  record.xml.offset = canonical_.offset();
  record.attr_first = static_cast<std::uint32_t>(attrs_.size());
  record.next_sibling = Stanza::none;
  record.child = Stanza::none;
  is_root_prefixed_ = is_root ? ns == ns_streams : is_root_prefixed_;
  canonical_.put(is_root && is_root_prefixed_ ? "<stream:" : "<");
  record.name = {canonical_.offset(), static_cast<std::uint32_t>(name.size())};
  canonical_.put(name);

  if (is_root) {
    record.ns = namespace_of(ns, ns != ns_client && !is_root_prefixed_);
  } else {
    const Span inherited = nodes_[open_.back().node].ns;
    const bool is_inherited = view(inherited) == ns;
    const bool is_written = !is_inherited || (open_.size() == 1 && ns != ns_client);
    record.ns = is_written ? namespace_of(ns, true) : inherited;
  }
  nodes_.push_back(record);
  open_.push_back({node, Stanza::none, no_piece, no_piece});
  prefixes_.clear();
  is_tag_open_ = true;
}

StanzaBuilder::Span StanzaBuilder::namespace_of(std::string_view ns, bool is_written) {
  if (is_written) return put_value(" xmlns='", ns);
  if (ns != ns_client) return add_extra(ns);
  if (client_ns_.size == 0) client_ns_ = add_extra(ns);
  return client_ns_;
}

// Writes `before`, the value, and the quote that ends it; where the value can be read unescaped.
StanzaBuilder::Span StanzaBuilder::put_value(std::string_view before, std::string_view value) {
  char* start = append(canonical_.room(before.size() + value.size() * escaped_growth_max + 1), before);
  const auto size = static_cast<std::uint32_t>(value.size());
  const Span plain{static_cast<std::uint32_t>(start - canonical_.data.get()), size};
  char* end = write_escaped(value, XmlPlace::attribute, start);
  const bool is_plain = end == start + size;
  *end++ = '\'';
  canonical_.end_at(end);
  return is_plain ? plain : add_extra(value);
}

// The number of the prefix that stands for `ns` in the open tag, declaring it when it is new.
std::uint32_t StanzaBuilder::declare_prefix(std::string_view ns) {
  for (std::uint32_t number = 0; number < prefixes_.size(); ++number) {
    if (view(prefixes_[number]) == ns) return number;
  }
  const auto number = static_cast<std::uint32_t>(prefixes_.size());
  canonical_.put(" xmlns:a");
  canonical_.put(std::to_string(number));
  prefixes_.push_back(put_value("='", ns));
  return number;
}

void StanzaBuilder::attribute(std::string_view ns, std::string_view name, std::string_view value) {
  std::uint32_t prefix_bytes = 0;
  if (ns.empty()) {
    canonical_.put(" ");
  } else if (ns == ns_xml) {
    canonical_.put(" xml:");
    prefix_bytes = 4;
  } else {
    const std::uint32_t number = declare_prefix(ns);
    canonical_.put(" a");
    canonical_.put(std::to_string(number));
    canonical_.put(":");
  }
  const Span name_span{canonical_.offset() - prefix_bytes,
                       static_cast<std::uint32_t>(name.size()) + prefix_bytes};
  canonical_.put(name);
  const Span value_span = put_value("='", value);
  const bool is_found_by_name = ns.empty() || (ns == ns_xml && name == "lang");
  if (!is_found_by_name) return;
  attrs_.push_back({name_span, value_span});
  ++nodes_.back().attr_count;
}

void StanzaBuilder::end_start_tag() {
  if (!is_tag_open_) return;
  is_tag_open_ = false;
  canonical_.put(">");
  if (open_.size() == 1) inner_.offset = canonical_.offset();
}

void StanzaBuilder::text(std::string_view text) {
  if (text.empty()) return;
  end_start_tag();
  Open& open = open_.back();
  const std::uint32_t offset = canonical_.offset();
  char* start = canonical_.room(text.size() * escaped_growth_max);
  const char* end = write_escaped(text, XmlPlace::text, start);
  canonical_.end_at(end);
  const bool is_plain = end == start + text.size();
  const auto size = static_cast<std::uint32_t>(text.size());

  // The run so far goes on where it ends, in the canonical bytes or, once something was escaped, in
  // the extra bytes. Each byte is copied to the extra ones once at the most.
  Span& run = nodes_[open.node].text;
  const bool is_extra = (run.offset & extra_flag) != 0;
  if (run.size == 0) {
    run = is_plain ? Span{offset, size} : add_extra(text);
  } else if (is_extra && (run.offset & ~extra_flag) + run.size == extra_.offset()) {
    extra_.put(text);
    run.size += size;
  } else if (!is_extra && run.offset + run.size == offset) {
    if (!is_plain) {
      const Span moved{extra_.offset() | extra_flag, run.size};
      extra_.put(view(run));
      extra_.put(text);
      run = moved;
    }
    run.size += size;
  } else {
    add_run(open, run);
    run = is_plain ? Span{offset, size} : add_extra(text);
  }
}

void StanzaBuilder::add_run(Open& open, Span run) {
  const auto piece = static_cast<std::uint32_t>(pieces_.size());
  pieces_.push_back({run, no_piece});
  (open.piece_last == no_piece ? open.piece_first : pieces_[open.piece_last].next) = piece;
  open.piece_last = piece;
}

void StanzaBuilder::close() {
  Open& open = open_.back();
  Stanza::NodeRecord& record = nodes_[open.node];
  const bool is_root = open_.size() == 1;
  if (is_root) end_start_tag();
  if (is_tag_open_) {
    canonical_.put("/>");
    is_tag_open_ = false;
  } else {
    if (is_root) inner_.size = canonical_.offset() - inner_.offset;
    const std::size_t prefix_bytes = is_root && is_root_prefixed_ ? stream_prefix.size() : 0;
    const std::size_t name_bytes = prefix_bytes + record.name.size;
    char* out = append(canonical_.room(name_bytes + 3), "</");
    out = append(out, {canonical_.data.get() + record.name.offset - prefix_bytes, name_bytes});
    canonical_.end_at(append(out, ">"));
  }
  record.xml.size = canonical_.offset() - record.xml.offset;
  if (open.piece_first != no_piece) {
    add_run(open, record.text);
    joined_.push_back({open.node, open.piece_first});
  }
  open_.pop_back();
}

void StanzaBuilder::join_texts() {
  for (const Joined& joined : joined_) {
    Span whole{extra_.offset() | extra_flag, 0};
    for (std::uint32_t at = joined.piece_first; at != no_piece; at = pieces_[at].next) {
      const Span span = pieces_[at].span;
      extra_.room(span.size);  // Before view(): a run may itself lie in `extra_`.
      extra_.put(view(span));
      whole.size += span.size;
    }
    nodes_[joined.node].text = whole;
  }
}

StanzaBuilder::Span StanzaBuilder::settled(Span span) const {
  if ((span.offset & extra_flag) == 0) return span;
  return {canonical_.offset() + (span.offset & ~extra_flag), span.size};
}

Ref<const Stanza> StanzaBuilder::finish(Stanza::Kind kind) {
  check(open_.empty() && !nodes_.empty(), "the root element is closed");
  join_texts();
  const std::size_t node_bytes = nodes_.size() * sizeof(Stanza::NodeRecord);
  const std::size_t attr_bytes = attrs_.size() * sizeof(Stanza::AttrRecord);
  const std::size_t index_bytes = sizeof(Stanza) + node_bytes + attr_bytes;
  void* memory = std::malloc(index_bytes + canonical_.size + extra_.size);
  if (memory == nullptr) throw std::bad_alloc();
  char* bytes = static_cast<char*>(memory) + index_bytes;
  std::memcpy(bytes, canonical_.data.get(), canonical_.size);
  if (extra_.size > 0) std::memcpy(bytes + canonical_.size, extra_.data.get(), extra_.size);

  auto* stanza = new (memory) Stanza(bytes, canonical_.offset());
  stanza->kind_ = kind;
  stanza->node_count_ = static_cast<std::uint32_t>(nodes_.size());
  stanza->attr_count_ = static_cast<std::uint32_t>(attrs_.size());
  stanza->inner_ = inner_;
  char* records = static_cast<char*>(memory) + sizeof(Stanza);
  for (Stanza::NodeRecord& node : nodes_) {
    node.ns = settled(node.ns);
    node.text = settled(node.text);
  }
  for (Stanza::AttrRecord& attribute : attrs_) attribute.value = settled(attribute.value);
  std::memcpy(records, nodes_.data(), node_bytes);
  if (attr_bytes > 0) std::memcpy(records + node_bytes, attrs_.data(), attr_bytes);
  return Ref<const Stanza>::adopt(stanza);
}

}  // namespace hotline
