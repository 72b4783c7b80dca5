#include "cli/unknown_verb.h"

#include <CLI/CLI.hpp>
#include <set>

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

// Below a verb: one of the whole command's that is written as it was typed, else the nearest.
std::string likely(const CLI::App& app, const CLI::App& parent, const std::string& verbs,
                   const std::string& word) {
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
