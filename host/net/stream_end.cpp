#include "net/stream_end.h"

#include <utility>

namespace hotline {

FrameEvent StreamEnd::by_peer(FrameEvent::Kind kind) {
  is_over_ = true;
  FrameEvent event;
  event.kind = kind;
  return event;
}

FrameEvent StreamEnd::by_error(const char* condition, std::string text) {
  FrameEvent event = by_peer(FrameEvent::Kind::error);
  event.condition = condition;
  event.text = std::move(text);
  return event;
}

}  // namespace hotline
