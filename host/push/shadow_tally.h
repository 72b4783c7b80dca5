// ShadowTally: what a shadow run has shown so far: of how many events the effects of current and candidate
// were compared, in what they differed, and which calls of the candidate failed.
//
// A difference is a kind and a field, "stanza message" and "attribute 'type'": names, never what was said.
//
// Shared by the shards, which add to it, and the pipeline, which reads. Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "push/fault.h"

namespace hotline {

struct Difference {
  std::string kind;
  std::string field;

  auto operator<=>(const Difference&) const = default;
};

struct ShadowFigures {
  std::uint64_t seen = 0;      // Events that could have been compared.
  std::uint64_t compared = 0;  // Of these: the others were passed over, to keep to the share of time.
  std::uint64_t differ = 0;    // Of the compared.
  std::uint64_t faults = 0;    // Calls of the candidate that did not end well.
  // The most frequent first. An event counts once for each of its differences.
  std::vector<std::pair<Difference, std::uint64_t>> differences;
  std::vector<Fault> first_faults;

  // "12,345 events compared, 3 differ: stanza message attribute 'type' 2, row roster only the candidate 1"
  std::string text() const;
  // The differences, one a line.
  std::vector<std::string> lines() const;
};

class ShadowTally {
 public:
  static constexpr std::uint64_t faults_max = 2;  // Then its calls end: nothing more is to be learnt.

  // One event was compared; `seen` since this shard last said so, itself among them.
  void add(std::uint64_t seen, const std::vector<Difference>& differences);
  void add_fault(Fault fault);
  bool has_failed() const { return faults_.load(std::memory_order_relaxed) >= faults_max; }
  ShadowFigures figures() const;

 private:
  std::atomic<std::uint64_t> faults_{0};
  mutable std::mutex mutex_;
  std::uint64_t seen_ = 0, compared_ = 0, differ_ = 0;
  std::map<Difference, std::uint64_t> differences_;
  std::vector<Fault> first_faults_;
};

}  // namespace hotline
