// RowCensus: how many rows each table has in each schema, on one shard. What it counts tells how much there
// is to convert without looking at a row, and when nothing is left.
//
// Threads: its shard's.
#pragma once

#include <cstdint>
#include <vector>

namespace hotline {

class RowCensus {
 public:
  struct Count {
    std::uint32_t schema = 0;
    std::uint64_t rows = 0;
  };

  void add(std::uint32_t table, std::uint32_t schema) { ++count(table, schema); }
  void remove(std::uint32_t table, std::uint32_t schema) { --count(table, schema); }
  // In no order; a schema that has had rows stays, with 0. A table has few.
  const std::vector<Count>& of(std::uint32_t table) const {
    static const std::vector<Count> none;
    return table < tables_.size() ? tables_[table] : none;
  }

 private:
  std::uint64_t& count(std::uint32_t table, std::uint32_t schema) {
    if (table >= tables_.size()) tables_.resize(table + 1u);
    for (Count& one : tables_[table])
      if (one.schema == schema) return one.rows;
    return tables_[table].emplace_back(Count{schema, 0}).rows;
  }

  std::vector<std::vector<Count>> tables_;  // By table number.
};

}  // namespace hotline
