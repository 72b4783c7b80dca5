// Any bytes as a client's HTTP/1.1. The first byte chooses: requests as they are; what is behind the first
// line of one; fields of one with a body; or chunks.
#include "fuzz/framer_invariants.h"

using namespace hotline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view starts[] = {
      "", "GET / HTTP/1.1\r\nHost: localhost\r\n", "POST /v1/code HTTP/1.1\r\nHost: localhost\r\nContent-",
      "POST /v1/code HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"};
  const unsigned choice = data[0];
  std::string bytes(starts[choice & 3]);
  bytes.append(reinterpret_cast<const char*>(data + 1), size - 1);
  test::check_framer(FramerKind::http, bytes, choice, {});
  return 0;
}
