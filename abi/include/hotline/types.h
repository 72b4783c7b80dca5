// Types that cross the line between host and modules.
//
// Ownership  An hl_str is borrowed: as an argument for the length of the call, as a result until
//            the event that is being handled ends, unless its call says otherwise.
// Handles    Numbers, never pointers. One that has ended is refused with HL_E_GONE; it is never
//            reused for another object.
#ifndef HOTLINE_TYPES_H
#define HOTLINE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "hotline/status.h"

#ifdef __cplusplus
extern "C" {
#endif

// Bytes; UTF-8 where it is text. Not terminated. data == NULL means "absent", size 0 "empty".
typedef struct hl_str {
  const char* data;
  uint64_t size;
} hl_str;

typedef uint64_t hl_stream;   // A connection's stream. 0 is none.
typedef uint64_t hl_session;  // A bound session. 0 is none.
typedef uint64_t hl_entry;    // A mailbox entry. Grows with time. 0 is none.
typedef uint64_t hl_request;  // An HTTP request that waits for its answer. 0 is none.

typedef struct hl_host hl_host;          // hotline/host.h
typedef struct hl_instance hl_instance;  // A module's own; the host never looks into it.

// A stanza's kinds. HL_STANZA_NONZA is any other element below the stream's root.
#define HL_STANZA_MESSAGE 0
#define HL_STANZA_PRESENCE 1
#define HL_STANZA_IQ 2
#define HL_STANZA_NONZA 3

// One parsed, validated stanza. All of it is borrowed until the event ends.
typedef struct hl_stanza {
  uint32_t size;  // sizeof(hl_stanza) of the host.
  int32_t kind;   // HL_STANZA_...
  hl_str name;    // Of the root element.
  hl_str ns;
  hl_str to;    // Attributes of the root, unescaped; absent ones have data == NULL.
  hl_str from;  // On a bound stream the host has stamped it: the session's full address.
  hl_str id;
  hl_str type;
  hl_str payload_name;  // Of the first child element; absent when there is none.
  hl_str payload_ns;
  hl_str xml;         // Canonical bytes; the default namespace is "jabber:client". Ends with
                      // an end tag always: a child may be inserted before it.
  hl_str inner;       // Canonical bytes between the root's tags.
  const void* index;  // For hotline.stanza/1.
} hl_stanza;

#ifdef __cplusplus
}
#endif

#endif
