#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hotline::bench {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value < (1U << sub_bits)) return static_cast<std::size_t>(value);
  const unsigned exponent = std::bit_width(value) - 1;
  if (exponent >= exponent_max) return bucket_count - 1;
  const unsigned shift = exponent - sub_bits;
  return (static_cast<std::size_t>(shift + 1) << sub_bits) + ((value >> shift) & ((1U << sub_bits) - 1));
}

std::uint64_t Histogram::bucket_end(std::size_t bucket) {
  const std::uint64_t row = bucket >> sub_bits;
  const std::uint64_t sub = bucket & ((1U << sub_bits) - 1);
  if (row == 0) return sub;
  const std::uint64_t shift = row - 1;
  return (((1ULL << sub_bits) + sub + 1) << shift) - 1;
}

void Histogram::add(std::int64_t value) {
  const std::int64_t positive = std::max<std::int64_t>(value, 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(positive))];
  ++count_;
  sum_ += static_cast<double>(positive);
  max_ = std::max(max_, positive);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  *this = Histogram{};
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::int64_t Histogram::percentile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) {
      if (i == bucket_count - 1) return max_;
      return std::min(max_, static_cast<std::int64_t>(bucket_end(i)));
    }
  }
  return max_;
}

}  // namespace hotline::bench
