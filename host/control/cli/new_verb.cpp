// hotline new: a project of its own for a new module, from the templates of an installed copy or of the tree.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "cli/verbs.h"

namespace hotline::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_size_max = 32;  // As a manifest's.

constexpr std::array<std::string_view, 6> core_modules{"session",      "routing", "presence",
                                                       "registration", "privacy", "profile"};

// Where the templates are, and the CMake package that a project made from them finds the SDK with.
struct Sources {
  fs::path templates, package;
};

std::optional<Sources> find_sources() {
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  const Sources installed{prefix / "share/hotline/templates", prefix / "lib/cmake/hotline"};
  if (!error && fs::is_directory(installed.templates, error)) return installed;
  const Sources tree{HOTLINE_TREE_TEMPLATES, HOTLINE_TREE_PACKAGE};
  if (fs::is_directory(tree.templates, error)) return tree;
  return std::nullopt;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= name_size_max && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

std::string filled(std::string text, const std::string& word, const std::string& value) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
    text.replace(at, word.size(), value);
  return text;
}

// "dot_cargo/config.toml.in" is ".cargo/config.toml": no file of the tree is hidden, none is taken for a
// source.
fs::path target_of(const fs::path& in_template, const std::string& name) {
  std::string text = filled(in_template.generic_string(), "@NAME@", name);
  if (text.ends_with(".in")) text.resize(text.size() - 3);
  if (text.starts_with("dot_")) text.replace(0, 4, ".");
  return text;
}

bool write_from(const fs::path& from, const fs::path& to, const std::string& name, const fs::path& package) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  std::ifstream in(from, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return false;
  std::ofstream out(to, std::ios::binary);
  out << filled(filled(std::move(text), "@NAME@", name), "@HOTLINE_DIR@", package.generic_string());
  return static_cast<bool>(out.flush());
}

}  // namespace

Exit make_project(Context& context, const NewWish& wish) {
  const auto refuse = [&context](const std::string& why) { return context.fail(Exit::failed, why); };
  if (!is_name(wish.name))
    return refuse("`" + wish.name + "` is no module's name: a letter a to z, then letters, digits or _, " +
                  std::to_string(name_size_max) + " at the most");
  // A push of it would take that module's place.
  if (std::ranges::find(core_modules, wish.name) != core_modules.end())
    context.err << "warning: a host has a module " << wish.name
                << " of its own, and a push of this one would replace it: give another name, unless that is "
                   "meant\n";
  const fs::path directory = wish.directory.empty() ? fs::path(wish.name) : fs::path(wish.directory);
  std::error_code error;
  if (fs::exists(directory, error))
    return refuse(directory.string() + " is there already: name another place with --in");
  const std::optional<Sources> sources = find_sources();
  if (!sources)
    return refuse("no templates beside this program or in " HOTLINE_TREE_TEMPLATES
                  ": install it with `cmake --install`");
  const fs::path from = sources->templates / wish.language;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from, error))
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), from));
  if (files.empty()) return refuse(from.string() + " has no template");
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const fs::path to = directory / target_of(file, wish.name);
    if (!write_from(from / file, to, wish.name, sources->package))
      return refuse(to.string() + " cannot be written");
    context.out << to.generic_string() << '\n';
  }
  context.out << "how to build, test, sign and push it: " << (directory / "README.md").generic_string()
              << '\n';
  return Exit::done;
}

}  // namespace hotline::cli
