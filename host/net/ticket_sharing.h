// TicketSharing: what a TlsContext is besides, for a process that takes over from another one: a client that
// has a session ticket of the old one resumes with the new one. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "net/tls.h"

namespace hotline {

class TicketSharing {
 public:
  virtual ~TicketSharing() = default;
  // What tickets are sealed with: secret, to be wiped.
  virtual std::string ticket_keys() = 0;
  // In place of ours. False: they are none that ticket_keys() gave, and nothing has changed.
  virtual bool take_ticket_keys(std::string_view carried) = 0;
};

// The same object.
TicketSharing& ticket_sharing(TlsContext& context);

}  // namespace hotline
