#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "histogram.h"

#include <doctest/doctest.h>

using hotline::bench::Histogram;

TEST_CASE("histogram: percentiles are right to 1.6 % and never under the true value") {
  Histogram histogram;
  for (std::int64_t value = 1; value <= 1'000'000; ++value) histogram.add(value);
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = share * 1'000'000;
    const auto found = static_cast<double>(histogram.percentile(share));
    CHECK(found >= exact);
    CHECK(found <= exact * 1.016 + 1);
  }
  CHECK(histogram.percentile(1) == 1'000'000);
  CHECK(histogram.max() == 1'000'000);
  CHECK(histogram.count() == 1'000'000);
}

TEST_CASE("histogram: small values are exact, negative ones count as 0") {
  Histogram histogram;
  for (const std::int64_t value : {-5, 1, 7, 63}) histogram.add(value);
  CHECK(histogram.percentile(0.25) == 0);
  CHECK(histogram.percentile(0.5) == 1);
  CHECK(histogram.percentile(0.75) == 7);
  CHECK(histogram.percentile(1) == 63);
}

TEST_CASE("histogram: values past the last bucket keep the maximum") {
  Histogram histogram;
  histogram.add(std::int64_t{1} << 50);
  CHECK(histogram.percentile(0.99) == std::int64_t{1} << 50);
}

TEST_CASE("histogram: two merged are as one that saw everything") {
  Histogram one, left, right;
  for (std::int64_t value = 0; value < 10'000; ++value) {
    one.add(value * 37);
    (value % 2 == 0 ? left : right).add(value * 37);
  }
  left.merge(right);
  for (const double share : {0.1, 0.5, 0.99}) CHECK(left.percentile(share) == one.percentile(share));
  CHECK(left.count() == one.count());
  CHECK(left.mean() == doctest::Approx(one.mean()));
}

TEST_CASE("histogram: empty says 0") {
  CHECK(Histogram{}.percentile(0.99) == 0);
}
