// Which known word a mistyped one was meant to be.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace hotline {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest word, when it is near enough to be a mistyping: a third of the length, at most 3.
std::optional<std::string> nearest_word(std::string_view typed, const std::set<std::string>& words);

}  // namespace hotline
