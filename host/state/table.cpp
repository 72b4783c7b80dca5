#include "state/table.h"

#include <algorithm>

namespace hotline {

TableRows* AccountRows::find(std::uint32_t table) {
  for (auto& [number, rows] : tables_)
    if (number == table) return rows.get();
  return nullptr;
}

TableRows& AccountRows::get(std::uint32_t table) {
  if (TableRows* rows = find(table)) return *rows;
  tables_.emplace_back(table, std::make_unique<TableRows>());
  return *tables_.back().second;
}

void AccountRows::drop_if_empty(std::uint32_t table) {
  const auto is_its = [table](const auto& each) { return each.first == table && each.second->empty(); };
  if (std::erase_if(tables_, is_its) > 0 && tables_.capacity() >= 2 * tables_.size()) tables_.shrink_to_fit();
}

bool AccountRows::empty() const {
  return std::all_of(tables_.begin(), tables_.end(), [](const auto& table) { return table.second->empty(); });
}

std::uint32_t TableNames::number(std::string_view name) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < tables_.size(); ++i)
    if (tables_[i].name == name) return static_cast<std::uint32_t>(i);
  tables_.push_back({std::string(name), true});
  return static_cast<std::uint32_t>(tables_.size() - 1);
}

const TableNames::Table& TableNames::table(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  return tables_[number];
}

void TableNames::set_durable(std::uint32_t number, bool is_durable) {
  const std::lock_guard lock(mutex_);
  tables_[number].is_durable = is_durable;
}

std::uint32_t TableNames::size() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(tables_.size());
}

}  // namespace hotline
