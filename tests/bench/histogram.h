// Histogram: how often each latency was seen, in buckets that grow with the value.
//
// A bucket is at most 1/64 of its value wide, so a percentile is right to 1.6 %. Adding costs a few
// instructions and never allocates. Values are nanoseconds here, but nothing depends on that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hotline::bench {

class Histogram {
 public:
  void add(std::int64_t value);
  void merge(const Histogram& other);
  void clear();

  // The smallest value that `share` (0 to 1) of all values do not exceed, rounded up to the end of its
  // bucket and never above the largest value seen. 0 when nothing was added.
  [[nodiscard]] std::int64_t percentile(double share) const;
  [[nodiscard]] std::int64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const;

 private:
  static constexpr unsigned sub_bits = 6;       // 64 buckets for each doubling.
  static constexpr unsigned exponent_max = 44;  // 2^44 ns are 4.9 hours; all above share the last bucket.
  static constexpr std::size_t bucket_count = (exponent_max - sub_bits + 1) << sub_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t bucket_end(std::size_t bucket);  // The largest value that falls into it.

  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace hotline::bench
