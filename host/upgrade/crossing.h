// Crossing: where each partition is, as one of the two processes sees it, and how one crosses.
//
//     giver:  here -EXPECT-> asked -FENCED-> freezing -> carried -READY-> (GO) away
//                              KEEP: here       KEEP, resume: resuming -> here
//     taker:  away -EXPECT-> fencing -> expected -CARRY-> unpacking -> ready -GO-> arriving -> here
//                              KEEP: away, at any time before GO
//
// 1. A partition's TLS keys are used only by who has it `here`; between READY and GO nobody does.
// 2. GO is the giver's last word: from the deed `give` on it never resumes.
// 3. A message that does not fit where its partition is means that the two are out of step; the answer is
//    nothing, and the caller acts as if the other one had died.
//
// Values; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "upgrade/deed.h"

namespace hotline::upgrade {

inline constexpr std::size_t partition_count = 256;

enum class Place : std::uint8_t {
  here,
  asked,
  freezing,
  carried,
  resuming,
  away,
  fencing,
  expected,
  unpacking,
  refused,  // It could not be read; KEEP is on its way.
  ready,
  arriving,
};

class Crossing {
 public:
  explicit Crossing(Place all) { places_.fill(all); }

  Place place(std::uint16_t partition) const { return places_[partition]; }
  std::size_t count(Place place) const;
  std::optional<std::uint16_t> first(Place place) const;
  // Something was begun here with a partition that ends by itself, whatever becomes of the other process.
  bool is_busy() const;
  bool is_at_rest() const { return count(Place::here) + count(Place::away) == partition_count; }

  // Begins to give one that is here.
  Deeds give(std::uint16_t partition);
  // A message about a partition, but RECALL. Nothing: it does not fit.
  std::optional<Deeds> heard(const Message& message);
  // A deed of a partition was done, or could not be.
  Deeds did(Act act, std::uint16_t partition);
  Deeds could_not(Act act, std::uint16_t partition, const std::string& why);
  // The other process is dead, for sure: all that is not here comes back, from what is kept here or from the
  // store. What is freezing is resumed when it has frozen.
  Deeds all_mine();

 private:
  Deeds keep(std::uint16_t partition);
  std::array<Place, partition_count> places_{};
  bool is_alone_ = false;
};

}  // namespace hotline::upgrade
