// The host, as an instance sees it: a way to get capabilities by name.
//
// A capability is a constant table of functions, one header each under cap/, named
// "hotline.<name>/<revision>". Tables only grow at the end and carry their size; a break gets a new
// revision and a new header, so nothing that exists moves. What a module cannot do without it
// names as `needs` in its manifest and is refused at verification when it is missing; what it can
// do without it names as `wants` and tests for NULL.
#ifndef HOTLINE_HOST_H
#define HOTLINE_HOST_H

#include "hotline/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HL_ABI_MAJOR 1  // A break. The host loads the current and the previous major.
#define HL_ABI_MINOR 0  // An addition.

struct hl_host {
  uint32_t size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void* context;  // The host's own.

  // The table of functions of that capability, or NULL when there is none or the manifest does not
  // name it. Stays valid until destroy returns. `name` ends with a NUL.
  const void* (*capability)(const hl_host* host, const char* name);
};

#ifdef __cplusplus
}
#endif

#endif
