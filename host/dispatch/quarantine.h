// Quarantine: events that no generation of their module survived. What is kept of each is whose it was, when,
// and for which module; what it said is dropped, unless the operator decided otherwise.
//
// An event whose content was kept can be offered again, to whatever is live then: a stanza as long as its
// stream is there, what was posted always.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "dispatch/failed_event.h"

namespace hotline {

class Host;

class Quarantine {
 public:
  static constexpr std::size_t entries_max = 1'000;  // The oldest goes for another.
  struct Entry {
    std::uint64_t number = 0;  // From 1; never given twice.
    FailedEvent event;
  };

  explicit Quarantine(bool keeps_content) : keeps_content_(keeps_content) {}

  void put(FailedEvent event);
  std::vector<Entry> list() const;  // Oldest first.
  std::uint64_t total() const;      // That ever came.
  // False: there is no such entry.
  bool drop(std::uint64_t number);
  std::size_t drop_all();
  // Offers it to what is live now and takes it off the list; should it fail again, it comes back with another
  // number. The error says why it cannot be offered.
  Result<void> retry(std::uint64_t number, Host& host);

 private:
  const bool keeps_content_;
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
  std::uint64_t last_number_ = 0;
};

}  // namespace hotline
