// ShadowSet: the candidates of a push in a shadow run, as one shard calls them, and of which events.
//
// Their calls take a share of the shard's time at the most, so that whoever is served is not served later: an
// event is passed over while what the calls before it took, with undoing and comparing, is above that share.
//
// Threads: the shard's; put in place and taken away while all shards stand at the safepoint.
#pragma once

#include <cstdint>
#include <memory>

#include "dispatch/call_tape.h"
#include "dispatch/transaction.h"
#include "push/shadow_tally.h"

namespace hotline {

struct ServingSet;

class ShadowSet {
 public:
  static constexpr std::uint64_t time_divisor = 10;     // A tenth of the time.
  static constexpr std::uint64_t burst_ns = 1'000'000;  // What may be used ahead of it.

  ShadowSet(std::unique_ptr<ServingSet> set, std::shared_ptr<ShadowTally> tally);
  ~ShadowSet();

  ServingSet& set() { return *set_; }
  ShadowTally& tally() { return *tally_; }
  CallTape& tape() { return tape_; }
  // The candidate's while its call is made; meanwhile the other one's lies here.
  Transaction& transaction() { return transaction_; }

  // An event has come that could be compared: whether it is.
  bool takes_part(std::uint64_t now_ns);
  void spent(std::uint64_t ns) { owed_ns_ += ns * time_divisor; }
  // Events that came since the last call of this.
  std::uint64_t take_seen();

 private:
  std::unique_ptr<ServingSet> set_;
  std::shared_ptr<ShadowTally> tally_;
  CallTape tape_;
  Transaction transaction_;
  std::uint64_t seen_ = 0;
  std::uint64_t owed_ns_ = 0;  // So long nothing may be spent, but for the burst.
  std::uint64_t last_ns_ = 0;
};

}  // namespace hotline
