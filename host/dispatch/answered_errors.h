// Whether a call answers a client with an error: one of the figures by which a push is judged.
#pragma once

#include "dispatch/transaction.h"

namespace hotline {

// Of a call that has ended well, before its effects are applied: it sends a stanza of type error to a client,
// or ends a stream or session with an error.
bool answers_error(Transaction& transaction);

}  // namespace hotline
