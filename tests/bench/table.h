// table: the figures of many runs beside each other: Hotline, the relay that is its floor, and the peers.
#pragma once

#include <string>

namespace hotline::bench {

// Reads SUBJECT.SCENARIO.ROUND.json from `directory` (subjects hotline, relay, ejabberd, prosody; rounds
// interleaved) and prints one row a figure: the median of all rounds, Hotline's ratio to the relay as the
// median of the ratios within each round, the target, and whether it was met. False when one was missed.
// Throws std::runtime_error when there is nothing to print.
bool print_table(const std::string& directory);

}  // namespace hotline::bench
