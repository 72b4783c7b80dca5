// Hostile events: what a peer, an older or newer generation, or a row that was damaged can bring a module, at
// its worst, for everything its manifest claims.
//
// The host has checked all of it before a module sees it: elements are well-formed UTF-8 within the limits,
// parameters of a command are one JSON object. What is inside is the peer's. Bytes that come from another
// module, a timer or a row are anything.
//
// [child]
#pragma once

#include <vector>

#include "preflight/synthetic_events.h"

namespace hotline::preflight {

std::vector<SyntheticEvent> hostile_events(const Manifest& manifest, const Cast& cast);

// What no contract says an answer to: a module may call it a fault, and may not die of it.
std::vector<SyntheticEvent> damaged_events(const Manifest& manifest, const Cast& cast);

}  // namespace hotline::preflight
