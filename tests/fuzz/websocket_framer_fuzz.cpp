// Any bytes as a client's WebSocket. The first byte chooses: the HTTP request itself, raw frames behind a
// valid one, or text messages (separated by NUL) in well-formed frames.
#include "fuzz/framer_invariants.h"
#include "unit/net/websocket_fixture.h"

using namespace hotline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  std::string bytes;
  if ((choice & 3) != 0) bytes = test::upgrade_request;
  if ((choice & 3) == 3) {
    bytes += test::text_frame(test::framing_open);
    while (!rest.empty()) {
      const std::size_t end = rest.find('\0');
      bytes += test::text_frame(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
  } else {
    bytes += rest;
  }
  test::check_framer(FramerKind::websocket, bytes, choice, (choice & 4) != 0 ? "j@localhost/x" : "");
  return 0;
}
