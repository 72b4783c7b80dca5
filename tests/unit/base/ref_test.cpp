#include "base/ref.h"

#include <doctest/doctest.h>

#include <utility>

namespace hotline {
namespace {

struct Counted {
  void retain() const { ++references; }
  void release() const { --references; }
  mutable int references = 1;
};
struct Derived : Counted {};

TEST_CASE("ref: copies count, moves do not, and the last one releases") {
  Counted object;
  {
    const Ref<Counted> first = Ref<Counted>::adopt(&object);
    CHECK(object.references == 1);
    {
      Ref<Counted> second = first;
      CHECK(object.references == 2);
      const Ref<Counted> third = std::move(second);
      CHECK(object.references == 2);
      CHECK(third.get() == &object);
      CHECK_FALSE(second);  // NOLINT: what a move leaves behind is promised
    }
    CHECK(object.references == 1);
  }
  CHECK(object.references == 0);
}

TEST_CASE("ref: assignment releases what was held, also to itself and to nothing") {
  Counted one;
  Counted two;
  Ref<Counted> ref = Ref<Counted>::adopt(&one);
  Ref<Counted>& same = ref;
  ref = same;
  CHECK(one.references == 1);
  ref = Ref<Counted>::adopt(&two);
  CHECK(one.references == 0);
  CHECK(two.references == 1);
  ref = nullptr;
  CHECK(two.references == 0);
  CHECK_FALSE(ref);
}

TEST_CASE("ref: a reference to a derived object becomes one to its base") {
  Derived object;
  Ref<Derived> derived = Ref<Derived>::adopt(&object);
  const Ref<const Counted> base = derived;
  CHECK(object.references == 2);
  const Ref<const Counted> moved = std::move(derived);
  CHECK(object.references == 2);
}

TEST_CASE("ref: one that was given away is the taker's to release") {
  Counted object;
  Ref<Counted> ref = Ref<Counted>::adopt(&object);
  Counted* taken = ref.leak();
  ref = nullptr;
  CHECK(object.references == 1);
  CHECK(taken == &object);
}

}  // namespace
}  // namespace hotline
