// hotline.stanza/1: reading the index that the framer made.
#include "hotline/cap/stanza.h"

#include <algorithm>
#include <cstdint>

#include "arena/block_owner.h"
#include "base/stanza.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/shard.h"
#include "net/xml_escape.h"

namespace hotline {
namespace {

const Stanza& of(const hl_stanza* stanza) {
  return *static_cast<const Stanza*>(stanza->index);
}
bool has(const hl_stanza* stanza, uint32_t node) {
  return node < of(stanza).node_count();
}

hl_str name(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? to_str(of(stanza).name(node)) : hl_str{nullptr, 0};
}
hl_str ns(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? to_str(of(stanza).ns(node)) : hl_str{nullptr, 0};
}
hl_str attr(const hl_stanza* stanza, uint32_t node, hl_str attribute) {
  return has(stanza, node) ? to_str(of(stanza).attr(node, from_str(attribute))) : hl_str{nullptr, 0};
}
hl_str text(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? to_str(of(stanza).text(node)) : hl_str{nullptr, 0};
}
uint32_t first_child(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? of(stanza).first_child(node) : HL_NODE_NONE;
}
uint32_t next_sibling(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? of(stanza).next_sibling(node) : HL_NODE_NONE;
}
uint32_t child(const hl_stanza* stanza, uint32_t node, hl_str child_ns, hl_str child_name) {
  return has(stanza, node) ? of(stanza).child(node, from_str(child_ns), from_str(child_name)) : HL_NODE_NONE;
}
hl_str xml(const hl_stanza* stanza, uint32_t node) {
  return has(stanza, node) ? to_str(of(stanza).xml(node)) : hl_str{nullptr, 0};
}

// Modules compose from what peers have sent, which has grown since: it is written with escapes and stamped,
// and something comes to it, such as an id. What was taken from its sender is not too large for its
// recipient.
FramerLimits limits_of_composed(FramerLimits limits) {
  constexpr std::uint64_t bytes_added = 16'384;
  constexpr std::uint32_t elements_added = 16, attributes_added = 4;
  const std::uint64_t bytes = limits.stanza_bytes_max * std::uint64_t{escaped_growth_max} + bytes_added;
  limits.stanza_bytes_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, UINT32_MAX));
  limits.elements_max += elements_added;
  limits.attributes_max += attributes_added;
  return limits;
}

hl_status parse(const hl_host* host, hl_str text_in, const hl_stanza** out) {
  const ModuleContext& context = ModuleContext::of(host);
  Transaction* transaction = open_transaction(context);
  if (transaction == nullptr) return HL_E_DENIED;
  const FramerLimits limits = limits_of_composed(context.shard.world.limits.after_login);
  XmlParser::Outcome outcome = context.shard.streams.parser().parse_composed(from_str(text_in), limits);
  if (!outcome.stanza) return HL_E_INVALID;
  *out = transaction->keep_view(view_of(*outcome.stanza));
  transaction->keep(std::move(outcome.stanza));
  return HL_OK;
}

constexpr hl_cap_stanza stanza_table{sizeof(hl_cap_stanza),  0,
                                     host_side<name>,        host_side<ns>,
                                     host_side<attr>,        host_side<text>,
                                     host_side<first_child>, host_side<next_sibling>,
                                     host_side<child>,       host_side<xml>,
                                     host_side<parse>};
static_assert(HL_NODE_NONE == Stanza::none);

}  // namespace

const Capability stanza_capability{HL_CAP_STANZA, &stanza_table};

}  // namespace hotline
