// Stanza: one parsed, validated element below the stream root, with an index of its nodes.
//
// Parsed once, by one strict parser (net/xml_parser); from then on everyone reads this index and
// clients get bytes(), the canonical serialisation. One relocatable allocation: it may be posted
// to another shard, queued in a mailbox and written to sockets without being copied.
//
// Canonical bytes: attribute values in single quotes; & < > ' " escaped; an xmlns attribute where
// an element's namespace differs from its parent's ("jabber:client" is taken as the stream's
// default), and on every child of the root that is not in it; attribute prefixes renamed and declared
// where used; the root always has an end tag (`<message …></message>`), so that a module may append
// a child before it. Parsing canonical bytes gives the same bytes and the same index again.
//
// Nodes are elements, numbered in document order; 0 is the root.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace hotline {

class Stanza final : public Buffer {
 public:
  using Node = std::uint32_t;
  static constexpr Node none = 0xffffffffu;

  enum class Kind : std::uint8_t { message, presence, iq, nonza };

  Kind kind() const { return kind_; }  // message, presence and iq only in "jabber:client".
  std::uint32_t node_count() const { return node_count_; }

  std::string_view name(Node node) const;  // Local name.
  std::string_view ns(Node node) const;
  // The unescaped value; data() == nullptr when there is no such attribute. Attributes without
  // a namespace go by local name, xml:lang by "xml:lang", others are not found.
  std::string_view attr(Node node, std::string_view name) const;
  // All character data directly in the element, unescaped and joined.
  std::string_view text(Node node) const;
  Node first_child(Node node) const;
  Node next_sibling(Node node) const;
  // The first child element with that name and namespace; an empty `ns` or `name` matches any.
  Node child(Node node, std::string_view ns, std::string_view name) const;
  // The canonical bytes of one element: self-contained for children of the root.
  std::string_view xml(Node node) const;
  // What lies between the root's start and end tags.
  std::string_view inner() const;

 private:
  friend class StanzaBuilder;
  struct Span {
    std::uint32_t offset = 0;  // From the start of the byte area.
    std::uint32_t size = 0;
  };
  struct NodeRecord {
    Span name, ns, text, xml;
    std::uint32_t attr_first, attr_count;
    Node next_sibling;  // none at the end.
    Node child;         // First child, or none.
  };
  struct AttrRecord {
    Span name, value;
  };

  // Behind the object, in the same allocation: the node records, the attribute records, the byte area
  // (canonical bytes, then the unescaped strings that differ from them).
  Stanza(const char* area, std::uint32_t size) : Buffer(area, size) {}
  const NodeRecord* nodes() const { return reinterpret_cast<const NodeRecord*>(this + 1); }
  const AttrRecord* attrs() const { return reinterpret_cast<const AttrRecord*>(nodes() + node_count_); }
  std::string_view at(Span span) const { return {bytes().data() + span.offset, span.size}; }

  Kind kind_ = Kind::nonza;
  std::uint32_t node_count_ = 0;
  std::uint32_t attr_count_ = 0;
  Span inner_;
};

}  // namespace hotline
