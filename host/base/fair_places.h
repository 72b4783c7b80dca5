// FairPlaces: places for what peers keep going for as long as they like, so many in all, of which each gets a
// share at the most. Else whoever is slow on purpose has them all, and everybody else is turned away.
//
// Threads: its owner's.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

namespace hotline {

// Who has places together: an address as limits count it, or all of a kind. Of `places` they get one in
// `parts`.
struct PlaceTaker {
  std::string name;
  std::size_t parts = 8;
};

class FairPlaces {
 public:
  enum class Outcome { taken, full, share_used_up };

  explicit FairPlaces(std::size_t places) : places_(places) {}

  // What is taken has to be given back, by the taker's name.
  Outcome take(const PlaceTaker& taker) {
    if (taken_ == places_) return Outcome::full;
    std::size_t& its = by_name_[taker.name];
    if (its >= places_ / taker.parts) return Outcome::share_used_up;
    ++its;
    ++taken_;
    return Outcome::taken;
  }
  void give_back(const std::string& name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    --taken_;
    if (--found->second == 0) by_name_.erase(found);
  }

 private:
  const std::size_t places_;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, std::size_t> by_name_;  // Of those that have any.
};

}  // namespace hotline
