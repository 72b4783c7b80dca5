#include "state/history_chain.h"

#include <doctest/doctest.h>

using namespace hotline;

namespace {

std::vector<HistoryRecord> three_records() {
  std::vector<HistoryRecord> records;
  std::string previous;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    HistoryRecord record{n, 1000 + n, "push", "{\"who\":\"ada\"}", ""};
    record.chain = previous = history_chain(previous, record);
    records.push_back(record);
  }
  return records;
}

}  // namespace

TEST_CASE("history chain: the digest is SHA-256 over the record before and the canonical fields") {
  // printf '\0\0\0\0\0\0\0\0' '\0…\1' '\0…\2' '\0…\4' push '\0…\2' {} | sha256sum, each number in 8 bytes.
  const HistoryRecord record{1, 2, "push", "{}", ""};
  CHECK(history_chain("", record) == "01d77cf367205806d62e15fd890cd091c3487d81176772d27497db3326f1d1e3");
}

TEST_CASE("history chain: a changed, missing or reordered record is named") {
  CHECK_FALSE(first_broken_link(three_records()));
  CHECK_FALSE(first_broken_link({}));
  auto changed = three_records();
  changed[1].json = "{\"who\":\"eve\"}";
  CHECK(first_broken_link(changed) == 2);
  auto missing = three_records();
  missing.erase(missing.begin() + 1);
  CHECK(first_broken_link(missing) == 3);
  auto first_changed = three_records();
  first_changed[0].wall_ms = 5;
  CHECK(first_broken_link(first_changed) == 1);
  auto tail = three_records();
  tail.erase(tail.begin());
  CHECK_FALSE(first_broken_link(tail));
  tail[1].kind = "rollback";
  CHECK(first_broken_link(tail) == 3);
}

TEST_CASE("history chain: no two records read the same") {
  const HistoryRecord one{1, 2, "push", "{}", ""};
  const HistoryRecord other{1, 2, "pus", "h{}", ""};
  CHECK(history_chain("", one) != history_chain("", other));
  CHECK(history_chain("ab", one) != history_chain("a", one));
}
