// hotline: the command line. See docs/operations.md.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  hotline::cli::Context context(std::cin, std::cout, std::cerr);
  context.in_is_terminal = ::isatty(STDIN_FILENO) == 1;
  context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return static_cast<int>(hotline::cli::run_command_line(context, HOTLINE_VERSION, arguments));
}
