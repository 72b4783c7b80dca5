#include "dispatch/call_tape.h"

#include <algorithm>
#include <functional>

namespace hotline {

void CallDeeds::touch_row(std::uint32_t table, std::string_view account, std::string_view key) {
  const bool is_known = std::any_of(rows.begin(), rows.end(), [&](const RowDeed& row) {
    return row.table == table && row.account == account && row.key == key;
  });
  if (!is_known) rows.push_back({table, std::string(account), std::string(key), {}});
}

void CallDeeds::touch_field(std::uint64_t session, std::uint32_t number) {
  const bool is_known = std::any_of(fields.begin(), fields.end(), [&](const FieldDeed& field) {
    return field.session == session && field.number == number;
  });
  if (!is_known) fields.push_back({session, number, 0});
}

void CallDeeds::touch_scratch(std::uint64_t stream) {
  const bool is_known = std::any_of(scratches.begin(), scratches.end(),
                                    [&](const ScratchDeed& scratch) { return scratch.stream == stream; });
  if (!is_known) scratches.push_back({stream, 0});
}

void CallDeeds::log(std::int32_t level, std::string_view text) {
  logs.push_back({level, std::hash<std::string_view>{}(text)});
}

void CallDeeds::count(std::uint32_t counter, std::int64_t amount) {
  for (CounterDeed& known : counters)
    if (known.counter == counter) {
      known.amount += amount;
      return;
    }
  counters.push_back({counter, amount});
}

void CallDeeds::clear() {
  rows.clear();
  fields.clear();
  scratches.clear();
  logs.clear();
  counters.clear();
}

void CallTape::record() {
  replays_ = false;
  for (Answers* answers : {&mono_us_, &wall_ms_, &entry_ids_}) *answers = {};
  random_.clear();
  random_at_ = 0;
  beyond_ = SeededRandom(0);
  fake_entry_id_ = UINT64_MAX;
  live_.clear();
  candidate_.clear();
}

void CallTape::replay() {
  replays_ = true;
}

std::uint64_t CallTape::answer(Answers& answers, std::uint64_t now) const {
  if (!replays_) return answers.all.emplace_back(now);
  if (answers.at < answers.all.size()) return answers.all[answers.at++];
  return answers.all.empty() ? now : answers.all.back();
}

void CallTape::random(std::span<unsigned char> out, Random& source) {
  if (!replays_) {
    source.fill(out);
    random_.append(reinterpret_cast<const char*>(out.data()), out.size());
    return;
  }
  const std::size_t known = std::min(out.size(), random_.size() - random_at_);
  std::copy_n(random_.data() + random_at_, known, reinterpret_cast<char*>(out.data()));
  random_at_ += known;
  beyond_.fill(out.subspan(known));
}

}  // namespace hotline
