// SlotMap<T>: objects behind numbers. A number names one object for ever: after it has gone the number is
// refused, also when its place is used again.
//
// Numbers carry the shard they were made on (8 bits), a place (24) and a generation (32), whose first 8 bits
// are the host's: never 0. An object that goes to another map keeps its number there; where it can it has its
// own place there, too, so that a map that was taken over whole is no larger and no slower.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/heap_size.h"
#include "base/prefetch.h"

namespace hotline {

template <typename T>
class SlotMap {
 public:
  // `host`: of two hosts whose objects may meet, each has its own.
  explicit SlotMap(std::uint32_t shard, std::uint8_t host = 0) : shard_(shard), host_(host) {}

  static std::uint32_t shard_of(std::uint64_t handle) { return static_cast<std::uint32_t>(handle >> 56); }

  // Reserves a number; put() gives it its object.
  std::uint64_t reserve() {
    while (!free_.empty() && places_[free_.back()].is_used()) free_.pop_back();
    if (free_.empty()) add_places(places_.size() + 1);
    const std::uint32_t place = free_.back();
    free_.pop_back();
    places_[place].generation = host_ << 24 | places_[place].take_next();
    ++used_;
    return handle(place);
  }
  void put(std::uint64_t handle, std::unique_ptr<T> object) {
    places_[place_of(handle)].object = std::move(object);
  }
  // An object that has its number from another map, or had it here before it went to one.
  void adopt(std::uint64_t handle, std::unique_ptr<T> object) {
    std::size_t place = place_of(handle);
    if (shard_of(handle) == shard_ && place >= places_.size()) add_places(place + 1);
    if (shard_of(handle) == shard_ && !places_[place].is_used()) {
      places_[place].set_used();
      places_[place].generation = static_cast<std::uint32_t>(handle);
      ++used_;
    } else {
      place = place_of(reserve());
      elsewhere_[handle] = static_cast<std::uint32_t>(place);
    }
    places_[place].object = std::move(object);
  }

  T* find(std::uint64_t handle) const {
    const std::size_t place = find_place(handle);
    return place == nowhere ? nullptr : places_[place].object.get();
  }
  // What find() will read of the map (base/prefetch.h).
  void prefetch_place(std::uint64_t handle) const {
    if (const std::size_t place = place_of(handle); place < places_.size()) prefetch(&places_[place]);
  }
  // Takes the object out; here the number is dead from now on, unless it is adopted again.
  std::unique_ptr<T> take(std::uint64_t handle) {
    const std::size_t place = find_place(handle);
    if (place == nowhere || places_[place].object == nullptr) return nullptr;
    std::unique_ptr<T> object = std::move(places_[place].object);
    if (handle != this->handle(place)) elsewhere_.erase(handle);
    places_[place].set_unused();
    free_.push_back(static_cast<std::uint32_t>(place));
    --used_;
    return object;
  }

  std::size_t size() const { return used_; }
  // Without the objects.
  std::size_t index_bytes() const {
    return heap_bytes(places_) + heap_bytes(free_) +
           elsewhere_.size() *
               heap_node_bytes(sizeof(void*) + sizeof(std::pair<const std::uint64_t, std::uint32_t>)) +
           elsewhere_.bucket_count() * sizeof(void*);
  }
  // For sweeps in slices: the object in that place, or nullptr.
  std::size_t places() const { return places_.size(); }
  T* at(std::size_t place) const { return places_[place].object.get(); }

 private:
  static constexpr std::size_t nowhere = SIZE_MAX;
  static constexpr std::uint32_t counter_mask = 0xffffff, used_bit = 1u << 31;

  // A place counts its own generations, whoever's object it has: a number that was given here once is never
  // given again.
  struct Place {
    std::unique_ptr<T> object;
    std::uint32_t generation = 0;  // Of the object's number.
    std::uint32_t state = 0;       // Whether it is used, and the last of its own generations.

    bool is_used() const { return (state & used_bit) != 0; }
    void set_used() { state |= used_bit; }
    void set_unused() { state &= ~used_bit; }
    std::uint32_t take_next() {
      const std::uint32_t next = (state & counter_mask) == counter_mask ? 1 : (state & counter_mask) + 1;
      state = used_bit | next;
      return next;
    }
  };

  static std::size_t place_of(std::uint64_t handle) { return (handle >> 32) & 0xffffff; }
  // Places that are used stand in free_ as well, until it comes to them.
  void add_places(std::size_t count) {
    for (std::size_t place = count; place > places_.size(); --place)
      free_.push_back(static_cast<std::uint32_t>(place - 1));
    places_.resize(count);
  }
  std::size_t find_place(std::uint64_t handle) const {
    const std::size_t place = place_of(handle);
    if (handle != 0 && place < places_.size() && handle == this->handle(place) && places_[place].is_used())
      return place;
    if (elsewhere_.empty()) return nowhere;
    const auto found = elsewhere_.find(handle);
    return found == elsewhere_.end() ? nowhere : found->second;
  }
  std::uint64_t handle(std::size_t place) const {
    return static_cast<std::uint64_t>(shard_) << 56 | static_cast<std::uint64_t>(place) << 32 |
           places_[place].generation;
  }

  const std::uint32_t shard_;
  const std::uint32_t host_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t>
      elsewhere_;  // Adopted objects that are not in their place.
};

}  // namespace hotline
