// hotline symbolize: names for places in module code, from the files a host keeps by build id: also of builds
// that were unloaded long ago. No host is asked.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <istream>

#include "cli/table.h"
#include "cli/verbs.h"
#include "push/descriptor.h"
#include "push/frame.h"
#include "push/symbol_archive.h"
#include "push/symbols.h"

namespace hotline::cli {
namespace {

constexpr std::size_t line_bytes_max = 65'536;

// Its standard output; empty where it is not installed or fails.
std::string output_of(std::vector<std::string> words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  to.close();
  if (error != 0) return {};
  std::string text;
  std::array<char, 4096> bytes{};
  for (ssize_t count = 0; (count = read(from.get(), bytes.data(), bytes.size())) != 0;) {
    if (count < 0 && errno != EINTR) break;
    if (count > 0) text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : std::string();
}

// "routing.cpp:120"; empty: no tool that reads debug information is installed, or the file has none of it.
std::string place_of(const std::string& file, std::uint64_t offset) {
  std::array<char, 24> at{};
  std::snprintf(at.data(), at.size(), "0x%llx", static_cast<unsigned long long>(offset));
  for (const std::vector<std::string>& tool :
       {std::vector<std::string>{"addr2line", "-e", file, at.data()},
        std::vector<std::string>{"llvm-symbolizer", "--functions=none", "--inlines=0", "-e", file,
                                 at.data()}}) {
    std::string text = output_of(tool);
    text = text.substr(0, text.find('\n'));
    if (const std::size_t more = text.find(" (discriminator"); more != std::string::npos) text.resize(more);
    if (!text.empty() && !text.starts_with("??")) return text;
  }
  return {};
}

class Symbolizer {
 public:
  Symbolizer(Context& context, const std::string& state_dir) : context_(context), archive_(state_dir, 0) {}

  // False: its build is not in the archive, or nothing lies there; told.
  bool tell(const Frame& frame) {
    const Result<std::string> file = archive_.find(frame.build_id);
    const std::string function = file ? function_at(*file, frame.offset) : std::string();
    const std::string place = function.empty() ? std::string() : place_of(*file, frame.offset);
    const std::string why = !file              ? file.error().message
                            : function.empty() ? "no function of that build lies there"
                                               : std::string();
    std::array<char, 24> at{};
    std::snprintf(at.data(), at.size(), "0x%llx", static_cast<unsigned long long>(frame.offset));
    if (context_.wants_json)
      frames_.push_back({{"module", frame.module},
                         {"build_id", frame.build_id},
                         {"offset", at.data()},
                         {"function", function},
                         {"place", place},
                         {"error", why}});
    else
      context_.out << "  " << printable(frame.module) << '+' << at.data() << "  "
                   << printable(why.empty() ? function : why) << (place.empty() ? "" : "  ")
                   << printable(place) << '\n';
    return why.empty();
  }
  void end() const {
    if (context_.wants_json) context_.print_json({{"frames", frames_}});
  }

 private:
  Context& context_;
  const SymbolArchive archive_;
  nlohmann::json frames_ = nlohmann::json::array();
};

}  // namespace

Exit symbolize(Context& context, const SymbolizeWish& wish) {
  const std::string state_dir = choose_state_dir(context.state);
  if (state_dir.empty())
    return context.fail(Exit::usage,
                        "whose modules? Give --state DIR, the directory of the host that had them loaded");
  if (const std::string forbidden = forbidden_text(state_dir); !forbidden.empty())
    return context.fail(Exit::failed, forbidden);
  Symbolizer symbolizer(context, state_dir);
  bool has_all = true;
  if (!wish.build_id.empty()) {
    if (wish.offsets.empty())
      return context.fail(Exit::usage, "which places? Give offsets behind the build id, as 0x1a2b");
    for (const std::string& text : wish.offsets) {
      const std::optional<std::uint64_t> offset = parse_offset(text);
      if (!offset) return context.fail(Exit::usage, "`" + text + "` is no offset: hexadecimal, as 0x1a2b");
      has_all &= symbolizer.tell({"", *offset, wish.build_id});
    }
    symbolizer.end();
    return has_all ? Exit::done : Exit::failed;
  }
  // Reports, as they are: each line, and below it the frames it has.
  for (std::string line; std::getline(context.in, line);) {
    if (line.size() > line_bytes_max) line.resize(line_bytes_max);
    if (!context.wants_json) context.out << printable(line) << '\n';
    std::string_view rest = line;
    while (const std::optional<Frame> frame = take_frame(rest)) has_all &= symbolizer.tell(*frame);
  }
  symbolizer.end();
  return has_all ? Exit::done : Exit::failed;
}

}  // namespace hotline::cli
