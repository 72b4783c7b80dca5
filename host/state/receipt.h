// Receipt: who waits for something to be safe. A stanza that a client sent is acknowledged to it
// (XEP-0198) once all that it caused is accepted by its recipients or on disk (invariant 5).
#pragma once

#include <cstdint>

#include "base/heap_size.h"
#include "base/ring.h"

namespace hotline {

// Names one received stanza of one session, or whoever holds one for several parts of it. Plain numbers: it
// may wait anywhere, and outlive its session.
struct Receipt {
  std::uint64_t session = 0;  // 0: nobody waits. With the first bit set: a number that a shard gave.
  std::uint32_t stanza = 0;
  std::uint16_t shard = 0;     // That shard ...
  std::uint8_t host = 0;       // ... of that host.
  std::uint8_t partition = 0;  // A session's: it is at home where that is.

  bool is_of_session() const { return (session >> 63) == 0; }

  explicit operator bool() const { return session != 0; }
};

// Counts a session's received stanzas and how many of them, from the first, are safe.
class SafeCounter {
 public:
  // A stanza was received; its number, held once by the caller.
  std::uint32_t begin() {
    holds_.push_back(1);
    return received_++;
  }
  void hold(std::uint32_t stanza) {
    if (stanza - safe_ < holds_.size()) ++holds_[stanza - safe_];
  }
  // True: safe() has advanced.
  bool release(std::uint32_t stanza) {
    const std::uint32_t at = stanza - safe_;
    if (at >= holds_.size() || holds_[at] == 0) return false;
    --holds_[at];
    const std::uint32_t before = safe_;
    while (!holds_.empty() && holds_.front() == 0) {
      holds_.pop_front();
      ++safe_;
    }
    return safe_ != before;
  }
  // Nothing is held: gives back what is kept for the next.
  void let_go() {
    if (holds_.empty() && holds_.capacity() > 0) holds_.clear();
  }
  std::size_t held_bytes() const { return heap_bytes(holds_.block()); }
  // What is held, of those from safe() on; and a counter that stands there.
  std::size_t held() const { return holds_.size(); }
  std::uint16_t holders(std::size_t at) const { return holds_[at]; }
  void restore(std::uint32_t received) { received_ = safe_ = received; }
  void restore_held(std::uint16_t holders) {
    holds_.push_back(holders);
    ++received_;
  }
  std::uint32_t received() const { return received_; }  // Modulo 2^32, as XEP-0198 counts.
  std::uint32_t safe() const { return safe_; }

 private:
  std::uint32_t received_ = 0;
  std::uint32_t safe_ = 0;
  Ring<std::uint16_t> holds_;  // Of stanzas safe_, safe_ + 1, …
};

}  // namespace hotline
