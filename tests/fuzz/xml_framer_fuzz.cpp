// Any bytes as a client's XML stream. The first byte chooses how they are cut, whether a valid header stands
// in front, and whether stanzas are stamped.
#include "fuzz/framer_invariants.h"

using namespace hotline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string bytes;
  if ((choice & 1) != 0) bytes = test::stream_header;
  bytes.append(reinterpret_cast<const char*>(data + 1), size - 1);
  test::check_framer(FramerKind::xml, bytes, choice, (choice & 2) != 0 ? "j@localhost/x" : "");
  return 0;
}
