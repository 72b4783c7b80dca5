// Tables: named sets of rows, each row of one account, with a schema number. What ETS and Mnesia are to
// Erlang.
//
// Rows lie with their account, so that a partition can be carried whole; a table is a number and a few facts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/heap_size.h"

namespace hotline {

struct Row {
  std::uint32_t schema = 0;
  std::uint32_t parked_in =
      0;  // The live set (LiveSet::number) that could not convert it; see dispatch/rows.h.
  std::string value;
};

// Ordered by key; nodes do not move, so a value may be lent out until it is changed.
using TableRows = std::map<std::string, Row, std::less<>>;

// The rows of one account. Threads: its shard's.
class AccountRows {
 public:
  TableRows* find(std::uint32_t table);
  TableRows& get(std::uint32_t table);
  void drop_if_empty(std::uint32_t table);  // Of most tables an account has rows for moments, or never.
  bool empty() const;
  // visit(table number, its rows)
  template <typename Visit>
  void each(Visit&& visit) const {
    for (const auto& [number, rows] : tables_) visit(number, *rows);
  }
  void prefetch_index() const { __builtin_prefetch(tables_.data()); }
  std::size_t index_bytes() const { return heap_bytes(tables_); }

 private:
  std::vector<std::pair<std::uint32_t, std::unique_ptr<TableRows>>> tables_;  // An account has few.
};

// The names of all tables of the host. Any thread; a number stays the same while the process lives.
class TableNames {
 public:
  struct Table {
    std::string name;
    bool is_durable = true;
  };
  std::uint32_t number(std::string_view name);  // Makes one when it is new.
  const Table& table(std::uint32_t number);
  void set_durable(std::uint32_t number, bool is_durable);
  std::uint32_t size();

 private:
  std::mutex mutex_;
  std::deque<Table> tables_;  // References stay valid.
};

}  // namespace hotline
