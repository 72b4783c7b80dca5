// hotline.stanza/1: reading a stanza's nodes.
//
// Nodes are elements, numbered in document order; 0 is the root. [shard] for all calls.
#ifndef HOTLINE_CAP_STANZA_H
#define HOTLINE_CAP_STANZA_H

#include "hotline/host.h"

#define HL_CAP_STANZA "hotline.stanza/1"

#define HL_NODE_NONE 0xffffffffu

typedef struct hl_cap_stanza {
  uint32_t size;
  uint32_t reserved;
  hl_str (*name)(const hl_stanza* stanza, uint32_t node);
  hl_str (*ns)(const hl_stanza* stanza, uint32_t node);
  // Unescaped; data == NULL when there is none. xml:lang is "xml:lang".
  hl_str (*attr)(const hl_stanza* stanza, uint32_t node, hl_str name);
  // The character data directly in the node, unescaped and joined.
  hl_str (*text)(const hl_stanza* stanza, uint32_t node);
  uint32_t (*first_child)(const hl_stanza* stanza, uint32_t node);
  uint32_t (*next_sibling)(const hl_stanza* stanza, uint32_t node);
  // The first child of that namespace and name; an empty one matches any. HL_NODE_NONE: none.
  uint32_t (*child)(const hl_stanza* stanza, uint32_t node, hl_str ns, hl_str name);
  // Canonical bytes of the element; self-contained for children of the root.
  hl_str (*xml)(const hl_stanza* stanza, uint32_t node);
  // Parses one element that the module composed, by the host's one strict parser, within the limits of
  // what clients send and some more for what it has added and for escapes.
  // HL_E_INVALID: not well-formed. `*out` lives until the event ends.
  hl_status (*parse)(const hl_host* host, hl_str xml, const hl_stanza** out);
} hl_cap_stanza;

#endif
