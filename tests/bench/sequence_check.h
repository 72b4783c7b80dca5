// SequenceCheck: what became of the numbered messages of one sender on their way to one receiver.
//
// Messages are numbered from 0 without gaps. A number above the expected one opens a gap; a number out of
// a gap was reordered; a number seen before was doubled; a gap still open at the end was lost.
#pragma once

#include <cstdint>
#include <set>

namespace hotline::bench {

class SequenceCheck {
 public:
  enum class Verdict { in_order, ahead, reordered, doubled };

  Verdict arrived(std::uint64_t number) {
    if (number == next_) {
      ++next_;
      return Verdict::in_order;
    }
    if (number > next_) {
      for (; next_ < number; ++next_) missing_.insert(next_);
      ++next_;
      return Verdict::ahead;
    }
    return missing_.erase(number) != 0 ? Verdict::reordered : Verdict::doubled;
  }

  // Distinct messages that arrived.
  [[nodiscard]] std::uint64_t received() const { return next_ - missing_.size(); }
  // How many of the first `sent` never arrived.
  [[nodiscard]] std::uint64_t lost(std::uint64_t sent) const {
    std::uint64_t open = sent > next_ ? sent - next_ : 0;
    for (const std::uint64_t number : missing_) open += number < sent ? 1 : 0;
    return open;
  }

 private:
  std::uint64_t next_ = 0;
  std::set<std::uint64_t> missing_;
};

}  // namespace hotline::bench
