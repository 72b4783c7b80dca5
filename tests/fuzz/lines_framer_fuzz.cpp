// Any bytes as lines. The first byte chooses how they are cut.
#include "fuzz/framer_invariants.h"

using namespace hotline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  test::check_framer(FramerKind::lines, bytes, data[0], "");
  return 0;
}
