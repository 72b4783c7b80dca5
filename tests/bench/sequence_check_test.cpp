#include "sequence_check.h"

#include <doctest/doctest.h>

using hotline::bench::SequenceCheck;
using Verdict = SequenceCheck::Verdict;

TEST_CASE("sequence: in order is in order, and what never came is lost") {
  SequenceCheck check;
  for (std::uint64_t i = 0; i < 5; ++i) CHECK(check.arrived(i) == Verdict::in_order);
  CHECK(check.lost(5) == 0);
  CHECK(check.lost(8) == 3);
  CHECK(check.received() == 5);
}

TEST_CASE("sequence: a gap that is filled later was reordered, one that is not was lost") {
  SequenceCheck check;
  check.arrived(0);
  CHECK(check.arrived(3) == Verdict::ahead);
  CHECK(check.lost(4) == 2);
  CHECK(check.arrived(1) == Verdict::reordered);
  CHECK(check.lost(4) == 1);
  CHECK(check.arrived(1) == Verdict::doubled);
  CHECK(check.arrived(3) == Verdict::doubled);
  CHECK(check.received() == 3);
  CHECK(check.lost(2) == 0);
}
