#include "upgrade/crossing.h"

#include <algorithm>

#include "base/check.h"

namespace hotline::upgrade {

std::size_t Crossing::count(Place place) const {
  return static_cast<std::size_t>(std::ranges::count(places_, place));
}

bool Crossing::is_busy() const {
  return count(Place::freezing) + count(Place::resuming) + count(Place::arriving) > 0;
}

std::optional<std::uint16_t> Crossing::first(Place place) const {
  const auto found = std::ranges::find(places_, place);
  if (found == places_.end()) return std::nullopt;
  return static_cast<std::uint16_t>(found - places_.begin());
}

Deeds Crossing::give(std::uint16_t partition) {
  check(places_[partition] == Place::here, "only what is here can be given");
  places_[partition] = Place::asked;
  return {to_say(Expect{partition})};
}

// It did not go. The taker wipes what it was sent before it answers READY to nothing.
Deeds Crossing::keep(std::uint16_t partition) {
  const bool is_frozen = places_[partition] == Place::carried;
  places_[partition] = is_frozen ? Place::resuming : Place::here;
  Deeds deeds{to_say(Keep{partition})};
  if (is_frozen) deeds.push_back(to_do(Act::resume, partition));
  return deeds;
}

std::optional<Deeds> Crossing::heard(const Message& message) {
  // What a message makes of a partition that is `from`.
  const auto step = [this](std::uint16_t partition, Place from, Place to,
                           Deeds deeds) -> std::optional<Deeds> {
    if (places_[partition] != from) return std::nullopt;
    places_[partition] = to;
    return deeds;
  };
  if (const auto* its = std::get_if<Expect>(&message))
    return step(its->partition, Place::away, Place::fencing, {to_do(Act::expect, its->partition)});
  if (const auto* its = std::get_if<Fenced>(&message))
    return step(its->partition, Place::asked, Place::freezing, {to_do(Act::freeze, its->partition)});
  if (const auto* its = std::get_if<Carry>(&message))
    return its->is_last
               ? step(its->partition, Place::expected, Place::unpacking, {to_do(Act::unpack, its->partition)})
               : step(its->partition, Place::expected, Place::expected, {});
  if (const auto* its = std::get_if<Ready>(&message))
    return step(its->partition, Place::carried, Place::away, {to_do(Act::give, its->partition)});
  if (const auto* its = std::get_if<Go>(&message))
    return step(its->partition, Place::ready, Place::arriving, {to_do(Act::put_in, its->partition)});
  if (const auto* its = std::get_if<Serves>(&message))
    return step(its->partition, Place::away, Place::away, {});
  if (const auto* its = std::get_if<Refused>(&message)) {
    if (places_[its->partition] != Place::carried) return std::nullopt;
    return keep(its->partition);
  }
  if (const auto* its = std::get_if<Keep>(&message)) {
    Place& place = places_[its->partition];
    // While it fences or unpacks, what was begun ends first; then did() finds it away.
    if (place != Place::fencing && place != Place::expected && place != Place::unpacking &&
        place != Place::refused && place != Place::ready)
      return std::nullopt;
    place = Place::away;
    return Deeds{to_do(Act::expect_no_more, its->partition)};
  }
  return std::nullopt;
}

Deeds Crossing::did(Act act, std::uint16_t partition) {
  Place& place = places_[partition];
  if (act == Act::freeze && place == Place::freezing) {
    if (is_alone_) {
      place = Place::resuming;
      return {to_do(Act::resume, partition)};
    }
    place = Place::carried;
    return {to_do(Act::carry, partition)};
  }
  if (act == Act::resume && place == Place::resuming) {
    place = Place::here;
    return {};
  }
  if (act == Act::expect && place == Place::fencing) {
    place = Place::expected;
    return {to_say(Fenced{partition})};
  }
  if (act == Act::unpack && place == Place::unpacking) {
    place = Place::ready;
    return {to_say(Ready{partition})};
  }
  if (act == Act::put_in && place == Place::arriving) {
    place = Place::here;
    if (is_alone_) return {};
    return {to_say(Serves{partition})};
  }
  return {};  // It was given up meanwhile.
}

Deeds Crossing::could_not(Act act, std::uint16_t partition, const std::string& why) {
  Place& place = places_[partition];
  if (act == Act::freeze && place == Place::freezing) {
    if (!is_alone_) return keep(partition);
    place = Place::here;
    return {};
  }
  if (act == Act::resume && place == Place::resuming) place = Place::here;  // It never left.
  if (act == Act::unpack && place == Place::unpacking) {
    place = Place::refused;
    return {to_say(Refused{partition, why})};
  }
  return {};
}

Deeds Crossing::all_mine() {
  is_alone_ = true;
  Deeds deeds;
  for (std::size_t at = 0; at < partition_count; ++at) {
    const auto partition = static_cast<std::uint16_t>(at);
    Place& place = places_[partition];
    switch (place) {
      case Place::here:
      case Place::freezing:
      case Place::resuming:
      case Place::arriving: continue;
      case Place::asked: break;
      case Place::carried:
        deeds.push_back(to_do(Act::resume, partition));
        place = Place::resuming;
        continue;
      case Place::fencing:
      case Place::expected:
      case Place::unpacking:
      case Place::refused:
      case Place::ready: deeds.push_back(to_do(Act::expect_no_more, partition)); [[fallthrough]];
      case Place::away: deeds.push_back(to_do(Act::load, partition)); break;
    }
    place = Place::here;
  }
  return deeds;
}

}  // namespace hotline::upgrade
