// What a call answers. Numbers are never reused.
#ifndef HOTLINE_STATUS_H
#define HOTLINE_STATUS_H

#include <stdint.h>

typedef int32_t hl_status;

#define HL_OK 0           // Done.
#define HL_E_NONE 1       // There is no such thing.
#define HL_E_INVALID 2    // An argument is not of the call's form.
#define HL_E_ELSEWHERE 3  // The account's home is another shard: post() to it instead.
#define HL_E_GONE 4       // The stream, session or entry has ended.
#define HL_E_FULL 5       // A bound was reached; nothing was done.
#define HL_E_DENIED 6     // Not allowed for this module, or not in this state.
#define HL_E_EXISTS 7     // There is one already.
#define HL_E_FAULT 8      // The module failed; its generation is charged with it.

#endif
