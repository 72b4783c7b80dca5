// Giving: the old process's side of an upgrade, as a state machine.
//
//     offering -HELLO-> loading -LOADED-> doors -DOORS_OPEN-> moving -all away-> storing -WRITING-> over
//                                   a refusal: returning -all here, and B owes nothing-> over
//     the other one died, or is out of step, at any point: reap, all is mine -> settling -> over
//
// Partitions go one at a time. [one thread]
#pragma once

#include <string>

#include "upgrade/crossing.h"

namespace hotline::upgrade {

class Giving {
 public:
  enum class Phase : std::uint8_t {
    offering,
    loading,
    doors,
    moving,
    returning,
    closing,
    storing,
    settling,  // The other one is dead; what was begun with a partition ends first.
    over,
  };

  explicit Giving(Offer offer) : offer_(std::move(offer)), crossing_(Place::here) {}

  Deeds begin() { return {to_say(offer_)}; }
  Deeds heard(const Message& message);
  Deeds did(Act act, std::uint16_t partition);
  Deeds could_not(Act act, std::uint16_t partition, const std::string& why);
  // Its socket has ended, it said nothing in time, or something that is no message.
  Deeds died(const std::string& why);
  // The operator wants to stay, or whoever runs it cannot go on: back, in order. Nothing once the store is on
  // its way.
  Deeds go_back(const std::string& why);

  Phase phase() const { return phase_; }
  bool has_succeeded() const { return phase_ == Phase::over && why_.empty(); }
  const std::string& why() const { return why_; }
  std::size_t given() const { return crossing_.count(Place::away); }
  const Crossing& crossing() const { return crossing_; }

 private:
  Deeds out_of_step(const Message& message);
  void go_on(Deeds& deeds);  // The next partition, or what comes after the last.
  void finish_return(Deeds& deeds);
  void settle(Deeds& deeds);

  const Offer offer_;
  Phase phase_ = Phase::offering;
  Crossing crossing_;
  bool has_given_doors_ = false;
  bool is_arriving_ = false;  // GO was said, SERVES was not.
  bool has_recalled_ = false;
  bool is_owed_ = false;  // All is back, and the other one may not have said all that it owes.
  std::string why_;       // It fails for.
};

}  // namespace hotline::upgrade
