// Taking: the new process's side of an upgrade, as a state machine.
//
//     waiting -OFFER-> preparing -> loaded -DOORS-> opening -> taking -STORE-> storing -> alone
//     A died: before it took a door: ended; after: the store is opened, all is mine -> alone
//     all is recalled: what is still owed is said, then STOP; A ends this process
//
// [one thread]
#pragma once

#include <string>

#include "upgrade/crossing.h"

namespace hotline::upgrade {

class Taking {
 public:
  enum class Phase : std::uint8_t { waiting, preparing, loaded, opening, taking, storing, alone, ended };

  explicit Taking(Hello hello) : hello_(std::move(hello)), crossing_(Place::away) {}

  Deeds heard(const Message& message);
  Deeds did(Act act, std::uint16_t partition);
  Deeds could_not(Act act, std::uint16_t partition, const std::string& why);
  // A is dead, for sure: this is what `reap` is for on this side, too.
  Deeds died(const std::string& why);

  Phase phase() const { return phase_; }
  const Crossing& crossing() const { return crossing_; }
  std::size_t taken() const { return crossing_.count(Place::here); }
  // A died before it had closed the store: what it had not yet written of what it gave is lost, so that
  // memory here and the disk differ.
  bool is_unlike_store() const { return is_orphan_ && !had_store_closed_; }

 private:
  void pay_when_all_is_back(Deeds& deeds);
  Deeds stop(const std::string& why);
  Deeds out_of_step(const Message& message);

  const Hello hello_;
  Phase phase_ = Phase::waiting;
  Crossing crossing_;
  std::uint32_t doors_ = 0;  // Descriptors that have come.
  bool is_orphan_ = false;   // A died, and the store is being opened.
  bool had_store_closed_ = false;
  bool is_recalled_ = false;
};

}  // namespace hotline::upgrade
