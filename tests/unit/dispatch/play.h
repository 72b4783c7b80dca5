// A play: two clients, one seed, and what a network, a disk and an engineer do to them.
#pragma once

#include <array>
#include <set>
#include <string>

#include "unit/dispatch/sim_client.h"

namespace hotline::sim {

class Play {
 public:
  enum class Kind { exchange, crash };

  Play(std::uint64_t seed, Kind kind);

  // The whole history, and what was wrong with its end; empty when nothing was.
  std::string run(int steps);

  std::uint64_t swaps() const { return swaps_; }
  std::uint64_t crashes() const { return crashes_; }
  std::uint64_t moves() const { return moves_; }  // Of partitions, that arrived.
  std::uint64_t messages() const { return clients_[0].sent() + clients_[1].sent(); }
  std::uint64_t resumed() const { return clients_[0].resumed() + clients_[1].resumed(); }
  std::uint64_t annotated() const { return clients_[0].annotated() + clients_[1].annotated(); }
  SimWorld& world() { return world_; }
  SimClient& client(std::size_t which) { return clients_[which]; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_.next_u64() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  void step();
  void move_bytes(SimClient& client);
  void disturb(SimClient& client);
  void swap_routing();
  void move_partition();
  void crash();
  void finish(bool is_one_away);
  bool is_quiet(bool is_one_away) const;
  std::string verdict(const SimClient& from, const SimClient& to, bool is_away) const;

  const Kind kind_;
  SeededRandom random_;
  SimWorld world_;
  std::array<SimClient, 2> clients_;
  bool is_store_held_ = false;
  bool is_next_live_ = false;
  std::uint64_t swaps_ = 0, crashes_ = 0, moves_ = 0;
};

}  // namespace hotline::sim
