// pair_run: lanes under load from opening to verdict: the body of `pairs` and of `relay pairs`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "lane.h"
#include "server_usage.h"

namespace hotline::bench {

struct PairRunOptions {
  unsigned pairs = 200;
  unsigned threads = 1;
  unsigned window = 4;
  double rate = 0;    // Messages a second over all pairs; 0: closed loop with `window`.
  double breaks = 0;  // Connections broken a second, on purpose, to see them come back.
  unsigned ack_every = 8;
  double seconds = 10;
  double warmup_seconds = 1;  // Load runs, nothing is measured yet.
  double drain_seconds = 15;  // How long what is in flight may take to arrive after the end.
  double open_seconds = 120;  // For all logins together.
  unsigned open_at_once = 32;
  std::string push_marks;   // A file to read at the end, `-` for standard input.
  double marks_pad_ms = 0;  // Added to both ends of each mark.
  bool is_live = false;
};

struct PairRunResult {
  nlohmann::json figures;
  bool is_clean = false;  // Nothing lost, doubled, reordered, misrouted, refused or cut.
};

// Blocks. Ends early, and in order, on SIGINT and SIGTERM.
PairRunResult run_pairs(const PairRunOptions& options, LaneMaker& maker, const ServerUsage& server);

// Where to look for a request to end; set by the signal handlers.
bool is_asked_to_stop();
void stop_on_signals();

}  // namespace hotline::bench
