// SlotMap<T>: objects behind numbers. A number names one object for ever: after it has gone the number is
// refused, also when its place is used again.
//
// Numbers carry the shard they were made on (8 bits), a place (24) and a generation (32): never 0.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/heap_size.h"

namespace hotline {

template <typename T>
class SlotMap {
 public:
  explicit SlotMap(std::uint32_t shard) : shard_(shard) {}

  static std::uint32_t shard_of(std::uint64_t handle) { return static_cast<std::uint32_t>(handle >> 56); }

  // Reserves a number; put() gives it its object.
  std::uint64_t reserve() {
    std::uint32_t place = 0;
    if (free_.empty()) {
      place = static_cast<std::uint32_t>(places_.size());
      places_.emplace_back();
    } else {
      place = free_.back();
      free_.pop_back();
    }
    return handle(place);
  }
  void put(std::uint64_t handle, std::unique_ptr<T> object) {
    places_[place_of(handle)].object = std::move(object);
  }

  T* find(std::uint64_t handle) const {
    const std::size_t place = place_of(handle);
    if (handle == 0 || place >= places_.size() || handle != this->handle(place)) return nullptr;
    return places_[place].object.get();
  }
  // Takes the object out; the number is dead from now on.
  std::unique_ptr<T> take(std::uint64_t handle) {
    if (find(handle) == nullptr) return nullptr;
    const std::size_t place = place_of(handle);
    std::unique_ptr<T> object = std::move(places_[place].object);
    ++places_[place].generation;
    free_.push_back(static_cast<std::uint32_t>(place));
    return object;
  }

  std::size_t size() const { return places_.size() - free_.size(); }
  std::size_t index_bytes() const { return heap_bytes(places_) + heap_bytes(free_); }  // Without the objects.
  // For sweeps in slices: the object in that place, or nullptr.
  std::size_t places() const { return places_.size(); }
  T* at(std::size_t place) const { return places_[place].object.get(); }

 private:
  struct Place {
    std::unique_ptr<T> object;
    std::uint32_t generation = 1;
  };
  static std::size_t place_of(std::uint64_t handle) { return (handle >> 32) & 0xffffff; }
  std::uint64_t handle(std::size_t place) const {
    return static_cast<std::uint64_t>(shard_) << 56 | static_cast<std::uint64_t>(place) << 32 |
           places_[place].generation;
  }

  const std::uint32_t shard_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace hotline
