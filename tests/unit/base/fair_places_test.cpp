// Places that peers share: nobody gets all of them.
#include "base/fair_places.h"

#include <doctest/doctest.h>

using namespace hotline;

namespace {

using Outcome = FairPlaces::Outcome;

std::size_t take_all(FairPlaces& places, const PlaceTaker& taker) {
  std::size_t count = 0;
  while (places.take(taker) == Outcome::taken) ++count;
  return count;
}

}  // namespace

TEST_CASE("fair places: each taker gets its share, and all together what there is") {
  FairPlaces places(16);
  CHECK(take_all(places, {"a"}) == 2);
  CHECK(places.take({"a"}) == Outcome::share_used_up);
  CHECK(take_all(places, {"half", 2}) == 8);
  CHECK(take_all(places, {"all", 1}) == 6);
  CHECK(places.take({"all", 1}) == Outcome::full);
  CHECK(places.take({"b"}) == Outcome::full);
}

TEST_CASE("fair places: what is given back can be taken again, and a taker without any is forgotten") {
  FairPlaces places(16);
  for (int round = 0; round < 3; ++round) {
    CHECK(take_all(places, {"a"}) == 2);
    places.give_back("a");
    CHECK(places.take({"a"}) == Outcome::taken);
    CHECK(places.take({"a"}) == Outcome::share_used_up);
    places.give_back("a");
    places.give_back("a");
    places.give_back("a");  // One too many is nobody's.
  }
  CHECK(take_all(places, {"all", 1}) == 16);
}
