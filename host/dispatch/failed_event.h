// FailedEvent: an event that no generation of its module survived, as the quarantine is told of it.
#pragma once

#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/ref.h"
#include "push/fault.h"

namespace hotline {

struct FailedEvent {
  EventKind kind = EventKind::stanza;
  std::string module;
  std::uint16_t number = 0;  // The module's (ModuleNames).
  std::string account;       // Whose event it was; empty before login.
  std::uint64_t wall_ms = 0;
  // What it takes to offer it again. `content` is the stanza for EventKind::stanza, what was posted for post.
  std::uint64_t stream = 0;
  std::uint32_t topic = 0;
  bool is_stanza = false;
  Ref<const Buffer> content;
};

}  // namespace hotline
