// LogHistogram: how often each duration was seen, in buckets that grow with the value: 8 for each doubling,
// so that a percentile is right to 12.5 %.
//
// Written by one thread, read by any: relaxed atomics, since a reader wants a recent picture and never an
// exact moment. Adding is a few instructions. LogHistogram::Counts is a picture taken of it: pictures are
// added up over shards and taken from each other over time.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hotline {

class LogHistogram {
 public:
  static constexpr unsigned sub_bits = 3;
  static constexpr unsigned exponent_max = 34;  // 2^34 ns are 17 s; what is longer shares the last bucket.
  static constexpr std::size_t bucket_count = (exponent_max - sub_bits + 1) << sub_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t bucket_end(std::size_t bucket);  // The largest value that falls into it.

  class Counts {
   public:
    void add(std::uint64_t value, std::uint64_t times = 1) {
      buckets_[bucket_of(value)] += times;
      count_ += times;
    }
    Counts& operator+=(const Counts& other);
    Counts& operator-=(const Counts& other);  // An earlier picture of the same.
    std::uint64_t count() const { return count_; }
    // The end of the bucket that the value at this share (0 to 1) of all is in; 0 when there is none.
    std::uint64_t percentile(double share) const;
    // How many are above; those of the limit's own bucket are not.
    std::uint64_t above(std::uint64_t limit) const;

   private:
    friend class LogHistogram;
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
  };

  void add(std::uint64_t value) {
    std::atomic<std::uint64_t>& bucket = buckets_[bucket_of(value)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  Counts counts() const;

 private:
  std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
};

inline std::size_t LogHistogram::bucket_of(std::uint64_t value) {
  if (value >= 1ull << exponent_max) return bucket_count - 1;
  if (value < 1u << sub_bits) return static_cast<std::size_t>(value);
  const unsigned exponent = static_cast<unsigned>(std::bit_width(value)) - 1;
  const std::uint64_t sub = (value >> (exponent - sub_bits)) & ((1u << sub_bits) - 1);
  return ((exponent - sub_bits + 1) << sub_bits) + static_cast<std::size_t>(sub);
}

}  // namespace hotline
