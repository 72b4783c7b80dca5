#include "cli/unknown_verb.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "control/edit_distance.h"

namespace hotline::cli {
namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* find_verb(const CLI::App& app, const std::string& word) {
  for (const CLI::App* each : verbs_of(app))
    if (each->check_name(word)) return each;
  return nullptr;
}

std::optional<std::string> nearest_verb(const CLI::App& app, const std::string& word) {
  std::set<std::string> known;
  for (const CLI::App* each : verbs_of(app)) known.insert(each->get_name());
  return nearest_word(word, known);
}

// Words that other programs have for what a verb here does.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> other_words{
    {{"stop", "shutdown"},
     {"disable", "module disable"},
     {"undo", "rollback"},
     {"stat", "status"},
     {"help", "--help"}}};

// Below a verb: one of the whole command's that is written as it was typed, else the nearest.
std::string likely(const CLI::App& app, const CLI::App& parent, const std::string& verbs,
                   const std::string& word) {
  const auto other = std::ranges::find(other_words, word, &decltype(other_words)::value_type::first);
  if (&app == &parent && other != other_words.end())
    return "did you mean `hotline " + std::string(other->second) + "`?";
  if (&app != &parent && find_verb(app, word) != nullptr) return "did you mean `hotline " + word + "`?";
  if (const auto near = nearest_verb(parent, word))
    return "did you mean `hotline" + verbs + " " + *near + "`?";
  if (const auto near = nearest_verb(app, word)) return "did you mean `hotline " + *near + "`?";
  return "see `hotline" + verbs + " --help`";
}

}  // namespace

std::optional<UnknownVerb> unknown_verb(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* parent = &app;
  std::string verbs;
  for (std::size_t i = 0; i < arguments.size() && !verbs_of(*parent).empty(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--state" || word == "--socket") {
      ++i;  // Its value.
    } else if (!word.starts_with('-')) {
      const CLI::App* const verb = find_verb(*parent, word);
      if (verb == nullptr)
        return UnknownVerb{verbs, "no verb `" + word + "`; " + likely(app, *parent, verbs, word)};
      parent = verb;
      verbs += " " + verb->get_name();
    }
  }
  return std::nullopt;
}

}  // namespace hotline::cli
