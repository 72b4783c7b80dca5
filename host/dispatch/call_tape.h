// CallTape: what a call that is shadowed was answered by the host, and what it did that is no effect of its
// transaction. There is none while nothing is shadowed.
//
// The current generation's call records: times, random bytes, ids of mailbox entries. The candidate's is then
// given the same answers in the same order, so that what both make of them can be compared. It has no random
// bytes of the host's own: past the end of what was recorded come such as depend on nothing.
//
// Owned by a ShadowSet. Threads: its shard's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "state/table.h"

namespace hotline {

// What a call did beside its effects. Rows and session fields are changed at once, so what they became is
// looked up when the call has returned.
struct CallDeeds {
  struct RowDeed {
    std::uint32_t table = 0;
    std::string account, key;
    std::optional<Row> after;  // Unset: it is gone.
  };
  struct FieldDeed {
    std::uint64_t session = 0;
    std::uint32_t number = 0;
    std::int64_t after = 0;
  };
  struct ScratchDeed {
    std::uint64_t stream = 0;
    std::size_t after = 0;  // A hash: it may hold secrets.
  };
  struct LogDeed {
    std::int32_t level = 0;
    std::size_t text = 0;  // A hash.
  };
  struct CounterDeed {
    std::uint32_t counter = 0;
    std::int64_t amount = 0;
  };

  std::vector<RowDeed> rows;
  std::vector<FieldDeed> fields;
  std::vector<ScratchDeed> scratches;
  std::vector<LogDeed> logs;
  std::vector<CounterDeed> counters;

  void touch_row(std::uint32_t table, std::string_view account, std::string_view key);
  void touch_field(std::uint64_t session, std::uint32_t number);
  void touch_scratch(std::uint64_t stream);
  void log(std::int32_t level, std::string_view text);
  void count(std::uint32_t counter, std::int64_t amount);
  void clear();
};

class CallTape {
 public:
  // A call of the current generation begins.
  void record();
  // The candidate's, for the same event.
  void replay();
  bool replays() const { return replays_; }

  std::uint64_t mono_us(std::uint64_t now_us) { return answer(mono_us_, now_us); }
  std::uint64_t wall_ms(std::uint64_t now_ms) { return answer(wall_ms_, now_ms); }
  void random(std::span<unsigned char> out, Random& source);
  // `next`: takes a new id. What the candidate puts beyond what was recorded is never seen by anybody.
  template <typename Next>
  std::uint64_t entry_id(const Next& next) {
    if (!replays_) return entry_ids_.all.emplace_back(next());
    if (entry_ids_.at < entry_ids_.all.size()) return entry_ids_.all[entry_ids_.at++];
    return --fake_entry_id_;
  }

  // Of the call that is being made.
  CallDeeds& deeds() { return replays_ ? candidate_ : live_; }
  CallDeeds& live() { return live_; }
  CallDeeds& candidate() { return candidate_; }

 private:
  struct Answers {
    std::vector<std::uint64_t> all;
    std::size_t at = 0;
  };
  std::uint64_t answer(Answers& answers, std::uint64_t now) const;

  bool replays_ = false;
  Answers mono_us_, wall_ms_, entry_ids_;
  std::string random_;
  std::size_t random_at_ = 0;
  SeededRandom beyond_{0};
  std::uint64_t fake_entry_id_ = UINT64_MAX;
  CallDeeds live_, candidate_;
};

}  // namespace hotline
