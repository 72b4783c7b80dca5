// ShadowComparison: in what two calls for the same event differ: effects, rows, session fields, logs,
// counters.
//
// Effects of one kind are paired: first those that are the same, then the rest in their order. Of a pair that
// is not the same the fields that differ are told, of one without a partner that it is missing or only the
// candidate's. Told are names of kinds, attributes, elements, tables and counters; never a value.
//
// Made for one event. Threads: its shard's, while the candidate's call is the one in hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/call_tape.h"
#include "dispatch/transaction.h"
#include "hotline/status.h"
#include "push/shadow_tally.h"

namespace hotline {

class Shard;

struct ComparedCall {
  hl_status status;
  const std::vector<Effect>& effects;
  const CallDeeds& deeds;
};

class ShadowComparison {
 public:
  // Adds what it finds to `found`, each difference once.
  ShadowComparison(Shard& shard, std::uint16_t module, std::vector<Difference>& found)
      : shard_(shard), module_(module), found_(found) {}

  void compare(const ComparedCall& live, const ComparedCall& candidate);

 private:
  using Some = std::vector<const Effect*>;

  void add(std::string kind, std::string field);
  void compare_effects(const std::vector<Effect>& live, const std::vector<Effect>& candidate);
  void compare_kind(const Some& live, const Some& candidate, std::vector<std::size_t>& order);
  void compare_fields(const Effect& live, const Effect& candidate);
  void compare_bytes(const std::string& kind, std::string_view live, std::string_view candidate);
  void compare_rows(const CallDeeds& live, const CallDeeds& candidate);
  void compare_row(const std::string& kind, const CallDeeds::RowDeed& live,
                   const CallDeeds::RowDeed& candidate);
  void compare_rest(const CallDeeds& live, const CallDeeds& candidate);

  Shard& shard_;
  const std::uint16_t module_;
  std::vector<Difference>& found_;
};

}  // namespace hotline
