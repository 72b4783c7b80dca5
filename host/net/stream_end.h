// StreamEnd: whether a peer's stream goes on. Once it was closed or has failed, what still comes is dropped.
// Every framer has one.
#pragma once

#include <string>
#include <string_view>

#include "net/framer.h"

namespace hotline {

class StreamEnd {
 public:
  // False: nothing in `input` is to be read.
  bool has_input(std::string_view& input) const {
    if (is_over_) input = {};
    return !input.empty();
  }
  bool is_over() const { return is_over_; }
  void restart() { is_over_ = false; }

  // What the framer answers when the stream ends: by its peer's word, or by an error of its peer's.
  FrameEvent by_peer(FrameEvent::Kind kind);
  FrameEvent by_error(const char* condition, std::string text);

 private:
  bool is_over_ = false;
};

}  // namespace hotline
