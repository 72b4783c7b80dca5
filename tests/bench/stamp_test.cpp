#include "stamp.h"

#include <doctest/doctest.h>

#include "ledger.h"

using namespace hotline::bench;

TEST_CASE("stamp: comes back out of a body of any size") {
  const Stamp stamp{0xdeadbeef, 4711, 0xffffffff, 1'234'567'890'123'456};
  for (const std::size_t size : {0U, 46U, 47U, 100U, 5000U}) {
    std::string body;
    append_body(body, stamp, size);
    CHECK(body.size() == (size < stamp_size ? stamp_size : size));
    CHECK(read_stamp(body) == stamp);
  }
}

TEST_CASE("stamp: other texts are not stamps") {
  std::string body;
  append_body(body, {}, 46);
  for (std::size_t size = 0; size < body.size(); ++size) CHECK_FALSE(read_stamp(body.substr(0, size)));
  body[20] = 'g';
  CHECK(read_stamp(body));
  body[19] = 'g';
  CHECK_FALSE(read_stamp(body));
}

TEST_CASE("ledger: counts by lane are those of sending one by one") {
  Ledger ledger;
  ledger.recipients = 7;
  ledger.sent = {0, 1, 6, 7, 8, 30, 31, 5, 9, 100};
  std::vector<std::uint32_t> counted(ledger.sent.size() * ledger.recipients);
  for (std::uint32_t sender = 0; sender < ledger.sent.size(); ++sender) {
    for (std::uint32_t n = 0; n < ledger.sent[sender]; ++n) {
      const Stamp stamp = ledger.stamp_of(sender, n, 0);
      CHECK(stamp.number == counted[stamp.lane]++);
      CHECK(stamp.lane % ledger.recipients == ledger.recipient_of(sender, n));
    }
  }
  for (std::uint32_t lane = 0; lane < counted.size(); ++lane) {
    CHECK(ledger.of_lane(lane, ledger.sent) == counted[lane]);
  }
}
