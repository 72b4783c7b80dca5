// CallFigures: what the calls into one generation came to, all shards together: what a gate judges by.
//
// Plain values; pictures of the same generation are taken from each other over time.
#pragma once

#include <cstdint>

#include "base/log_histogram.h"

namespace hotline {

// How the host as a whole is doing: no share of it is any module's.
struct HostFigures {
  std::uint64_t queued = 0;        // Events that wait in the shards' inboxes.
  std::uint64_t memory_bytes = 0;  // Resident, of the process.
};

struct CallFigures {
  std::uint64_t calls = 0, faults = 0;
  // Time and errors are taken of some calls, or of all while a push is judged.
  std::uint64_t measured = 0;
  std::uint64_t errors =
      0;  // Of the measured: those that answered a client with an error, or failed on a parked row.
  LogHistogram::Counts time_ns;
  std::uint64_t memory_bytes = 0;  // In its arena now, whatever the time that is looked at.

  // Since `earlier`, a picture of the same generation.
  CallFigures since(const CallFigures& earlier) const {
    CallFigures later = *this;
    later.calls -= earlier.calls;
    later.faults -= earlier.faults;
    later.measured -= earlier.measured;
    later.errors -= earlier.errors;
    later.time_ns -= earlier.time_ns;
    return later;
  }
};

}  // namespace hotline
