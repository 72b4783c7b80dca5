// SlotMap<T>: objects behind numbers. A number names one object for ever: after it has gone the number is
// refused, also when its place is used again.
//
// Numbers carry the shard they were made on (8 bits), a place (24) and a generation (32), whose first 8 bits
// are the host's: never 0. An object that goes to another map keeps its number there, wherever that is.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hotline {

template <typename T>
class SlotMap {
 public:
  // `host`: of two hosts whose objects may meet, each has its own.
  explicit SlotMap(std::uint32_t shard, std::uint8_t host = 0)
      : shard_(shard), first_generation_(static_cast<std::uint32_t>(host) << 24 | 1) {}

  static std::uint32_t shard_of(std::uint64_t handle) { return static_cast<std::uint32_t>(handle >> 56); }

  // Reserves a number; put() gives it its object.
  std::uint64_t reserve() {
    std::uint32_t place = 0;
    if (free_.empty()) {
      place = static_cast<std::uint32_t>(places_.size());
      places_.push_back({nullptr, first_generation_});
    } else {
      place = free_.back();
      free_.pop_back();
    }
    return handle(place);
  }
  void put(std::uint64_t handle, std::unique_ptr<T> object) {
    places_[place_of(handle)].object = std::move(object);
  }
  // An object that has its number from another map, or had it here before it went to one.
  void adopt(std::uint64_t handle, std::unique_ptr<T> object) {
    const std::size_t place = place_of(reserve());
    places_[place].object = std::move(object);
    places_[place].is_adopted = true;
    adopted_[handle] = static_cast<std::uint32_t>(place);
  }

  T* find(std::uint64_t handle) const {
    const std::size_t place = find_place(handle);
    return place == nowhere ? nullptr : places_[place].object.get();
  }
  // Takes the object out; the number is dead from now on.
  std::unique_ptr<T> take(std::uint64_t handle) {
    if (find(handle) == nullptr) return nullptr;
    const std::size_t place = find_place(handle);
    std::unique_ptr<T> object = std::move(places_[place].object);
    if (std::exchange(places_[place].is_adopted, false)) adopted_.erase(handle);
    ++places_[place].generation;
    free_.push_back(static_cast<std::uint32_t>(place));
    return object;
  }

  std::size_t size() const { return places_.size() - free_.size(); }
  // For sweeps in slices: the object in that place, or nullptr.
  std::size_t places() const { return places_.size(); }
  T* at(std::size_t place) const { return places_[place].object.get(); }

 private:
  static constexpr std::size_t nowhere = SIZE_MAX;
  struct Place {
    std::unique_ptr<T> object;
    std::uint32_t generation;
    bool is_adopted = false;  // Its number is in adopted_, and not this place's own.
  };
  static std::size_t place_of(std::uint64_t handle) { return (handle >> 32) & 0xffffff; }
  std::size_t find_place(std::uint64_t handle) const {
    const std::size_t place = place_of(handle);
    if (place < places_.size() && handle == this->handle(place) && !places_[place].is_adopted) return place;
    if (adopted_.empty()) return nowhere;
    const auto found = adopted_.find(handle);
    return found == adopted_.end() ? nowhere : found->second;
  }
  std::uint64_t handle(std::size_t place) const {
    return static_cast<std::uint64_t>(shard_) << 56 | static_cast<std::uint64_t>(place) << 32 |
           places_[place].generation;
  }

  const std::uint32_t shard_;
  const std::uint32_t first_generation_;
  std::vector<Place> places_;
  std::unordered_map<std::uint64_t, std::uint32_t> adopted_;  // Their places.
  std::vector<std::uint32_t> free_;
};

}  // namespace hotline
