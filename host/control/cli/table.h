// A table for a terminal: columns as wide as what is in them, numbers to the right.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hotline::cli {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // The titles and the rows, two spaces between columns. A column without a word in any row is left out.
  void print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// What a terminal shows of text that came from elsewhere: control characters become spaces, so that
// it can neither move the cursor nor break a row.
std::string printable(std::string_view text);

// How many columns UTF-8 text takes, one for each code point.
std::size_t display_width(std::string_view text);

// As the columns of most tables are written down.
inline constexpr auto left = Table::Align::left;
inline constexpr auto right = Table::Align::right;

}  // namespace hotline::cli
