#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace hotline {

void check_failed(std::string_view what, SourcePlace where) {
  std::fprintf(stderr, "hotline: check failed: %.*s (%s:%d, %s)\n", static_cast<int>(what.size()),
               what.data(), where.file, where.line, where.function);
  std::abort();
}

}  // namespace hotline
