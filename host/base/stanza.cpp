#include "base/stanza.h"

#include "base/check.h"

namespace hotline {

std::string_view Stanza::name(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return at(nodes()[node].name);
}

std::string_view Stanza::ns(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return at(nodes()[node].ns);
}

std::string_view Stanza::attr(Node node, std::string_view name) const {
  check(node < node_count_, "the node is of this stanza");
  const AttrRecord* attribute = attrs() + nodes()[node].attr_first;
  for (std::uint32_t left = nodes()[node].attr_count; left > 0; --left, ++attribute) {
    if (at(attribute->name) == name) return at(attribute->value);
  }
  return {};
}

std::string_view Stanza::text(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return at(nodes()[node].text);
}

Stanza::Node Stanza::first_child(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return nodes()[node].child;
}

Stanza::Node Stanza::next_sibling(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return nodes()[node].next_sibling;
}

Stanza::Node Stanza::child(Node node, std::string_view ns_wanted, std::string_view name_wanted) const {
  for (Node at_node = first_child(node); at_node != none; at_node = nodes()[at_node].next_sibling) {
    const NodeRecord& record = nodes()[at_node];
    if (!name_wanted.empty() && at(record.name) != name_wanted) continue;
    if (!ns_wanted.empty() && at(record.ns) != ns_wanted) continue;
    return at_node;
  }
  return none;
}

std::string_view Stanza::xml(Node node) const {
  check(node < node_count_, "the node is of this stanza");
  return at(nodes()[node].xml);
}

std::string_view Stanza::inner() const {
  return at(inner_);
}

}  // namespace hotline
