#include "state/session.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace hotline;

TEST_CASE("session: an id for resumption is found by its text, and by no other") {
  SeededRandom random(3);
  const SmId id = SmId::make(random), other = SmId::make(random);
  CHECK(id.is_set());
  CHECK_FALSE(SmId().is_set());
  CHECK(id.text().size() == 32);
  CHECK(SmId::parse(id.text()) == id);
  CHECK(SmId::parse(other.text()) != id);
  for (const char* wrong : {"", "00", "0123456789abcdef0123456789ABCDEF", "0123456789abcdef0123456789abcdeg",
                            "0123456789abcdef0123456789abcdef0"})
    CHECK_FALSE(SmId::parse(wrong));
}

TEST_CASE("session: a field keeps any number, and the others keep theirs when one is large") {
  SessionFields fields;
  for (std::uint32_t place = 0; place < SessionFields::max; ++place)
    fields.set(place, static_cast<std::int64_t>(place) - 8);
  CHECK(fields.held_bytes() == 0);
  for (const std::int64_t large :
       {std::int64_t{INT16_MAX} + 1, std::int64_t{INT16_MIN} - 1, INT64_MAX, INT64_MIN}) {
    fields.set(5, large);
    CHECK(fields.get(5) == large);
  }
  CHECK(fields.held_bytes() > 0);
  for (std::uint32_t place = 0; place < SessionFields::max; ++place)
    if (place != 5) CHECK(fields.get(place) == static_cast<std::int64_t>(place) - 8);
  fields.set(6, INT16_MIN);
  CHECK(fields.get(6) == INT16_MIN);
}
