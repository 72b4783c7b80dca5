#include "cli/password.h"

#include <termios.h>
#include <unistd.h>

namespace hotline::cli {
namespace {

// Turns the terminal's echo off, and on again however the reading ends.
class SilentTerminal {
 public:
  SilentTerminal() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

std::string read_line(std::istream& in) {
  std::string line;
  for (int c = 0; line.size() <= password_bytes_max && (c = in.get()) != EOF && c != '\n';) {
    line += static_cast<char>(c);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string ask(Context& context, const std::string& prompt) {
  context.err << prompt << std::flush;
  const SilentTerminal silent;
  std::string line = read_line(context.in);
  context.err << '\n';
  return line;
}

}  // namespace

Result<std::string> read_password(Context& context, const std::string& account) {
  std::string password;
  if (context.in_is_terminal) {
    password = ask(context, "Password for " + account + ": ");
    if (ask(context, "Again: ") != password) return Error{"the two passwords differ: nothing was changed"};
  } else {
    password = read_line(context.in);
  }
  if (password.empty()) return Error{"the password is empty: give it on the first line of standard input"};
  if (password.size() > password_bytes_max) {
    return Error{"the password is longer than " + std::to_string(password_bytes_max) + " bytes"};
  }
  return password;
}

}  // namespace hotline::cli
