// TlsSlab: where the record states of all connections lie, apart from everything else on the heap.
//
// They are traffic secrets: the pages are left out of core dumps, are zeros in a child made by fork() (a
// child that went on with a copy would use numbers a second time), and are locked into memory as far as the
// process may lock (RLIMIT_MEMLOCK). A state is wiped when it is given back; pages are kept for the next
// ones.
//
// Threads: any. A connection takes one state in its life, so one lock does.
#pragma once

#include <cstddef>
#include <mutex>

#include "base/chunks.h"
#include "net/tls_records.h"

namespace hotline {

class TlsSlab {
 public:
  TlsSlab() = default;
  TlsSlab(const TlsSlab&) = delete;
  TlsSlab& operator=(const TlsSlab&) = delete;

  RecordState* take();  // Zeros.
  void give_back(RecordState* state);

  std::size_t used() const;
  std::size_t bytes() const;                              // Of all pages it has.
  bool is_locked() const { return memory_.is_locked(); }  // No page could be swapped out so far.

 private:
  struct Free {
    Free* next;
  };

  mutable std::mutex mutex_;
  Chunks memory_{Chunks::For::secrets};
  std::size_t chunks_ = 0;
  Free* free_ = nullptr;   // Given back ...
  std::size_t fresh_ = 0;  // ... and never used: so many at `next_`.
  unsigned char* next_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace hotline
