// Stands in for a new hotlined in program_test.cpp: says what $HOTLINE_STAND_IN_SAYS tells it to, or ends so.
#include <cstdio>
#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  const char* const words = std::getenv("HOTLINE_STAND_IN_SAYS");
  if (words == nullptr) std::fputs("hotlined: a stand-in\n", stderr);
  if (words == nullptr || argc != 2 || std::string_view(argv[1]) != "--check-upgrade") return 2;
  if (std::string_view(words) == "abort") std::abort();
  if (std::string_view(words) == "exit 3") return 3;
  std::puts(words);
  return 0;
}
