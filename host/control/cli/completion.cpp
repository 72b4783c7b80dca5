#include "cli/completion.h"

#include <CLI/CLI.hpp>

namespace hotline::cli {
namespace {

// One line of the case statement for a command and its subcommands: "push") words="--as-one …" ;;
void add_case(const CLI::App& app, const std::string& path, std::string& script) {
  std::string words;
  bool takes_files = false;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    words += verb->get_name() + " ";
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    if (option->get_positional() && option->get_type_name() == "FILE") takes_files = true;
  }
  script += "    \"" + path + "\") words=\"" + words + "\"" + (takes_files ? "; files=yes" : "") + " ;;\n";
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_case(*verb, path + (path.empty() ? "" : " ") + verb->get_name(), script);
  }
}

void add_verbs(const CLI::App& app, const std::string& path, std::string& verbs) {
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string full = path + (path.empty() ? "" : " ") + verb->get_name();
    verbs += "|" + full;
    add_verbs(*verb, full, verbs);
  }
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string verbs, cases;
  add_verbs(app, "", verbs);
  add_case(app, "", cases);
  return "# bash completion for hotline: source <(hotline completion bash)\n"
         "_hotline() {\n"
         "  local verb='' words='' files='' word next i\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    next=\"$verb${verb:+ }$word\"\n"
         "    case \"" +
         verbs +
         "|\" in *\"|$next|\"*) verb=\"$next\" ;; esac\n"
         "  done\n"
         "  case \"$before\" in --state|--socket) COMPREPLY=($(compgen -f -- \"$current\")); return ;; esac\n"
         "  case \"$verb\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words --state --socket --json --help\" -- \"$current\"))\n"
         "  if [ -n \"$files\" ]; then COMPREPLY+=($(compgen -f -- \"$current\")); fi\n"
         "}\n"
         "complete -o filenames -F _hotline hotline\n";
}

}  // namespace hotline::cli
