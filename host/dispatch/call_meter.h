// CallMeter: what the calls into one generation on one shard came to.
//
// Calls are counted one by one; its faults are the generation's own (FaultCounters). Time and errors are
// taken of every n-th call: of every 16th as a rule, of each while a push is judged (LiveSet::measure_every).
//
// Written by the shard, read by any thread.
#pragma once

#include "base/log_histogram.h"
#include "dispatch/shard_counters.h"

namespace hotline {

struct CallMeter {
  Counter calls;
  Counter measured;  // Calls of which time and errors were taken.
  // Of the measured: those that answered a client with an error, ended it with one, or failed on a parked
  // row.
  Counter errors;
  LogHistogram time_ns;
};

}  // namespace hotline
