#include "control/edit_distance.h"

#include <algorithm>
#include <vector>

namespace hotline {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table: a swap of neighbours looks two rows back.
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::string> nearest_word(std::string_view typed, const std::set<std::string>& words) {
  constexpr std::size_t length_max = 64;  // The work is quadratic, and no key is this long.
  if (typed.size() > length_max) return std::nullopt;
  const std::size_t distance_max = std::clamp<std::size_t>(typed.size() / 3, 1, 3);
  std::optional<std::string> nearest;
  std::size_t nearest_distance = distance_max + 1;
  for (const std::string& word : words) {
    const std::size_t distance = edit_distance(typed, word);
    if (distance < nearest_distance) {
      nearest_distance = distance;
      nearest = word;
    }
  }
  return nearest;
}

}  // namespace hotline
