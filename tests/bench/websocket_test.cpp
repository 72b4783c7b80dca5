#include "websocket.h"

#include <doctest/doctest.h>

using namespace hotline::bench;

namespace {

std::string server_frame(unsigned first_byte, const std::string& payload) {
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8U);
    frame += static_cast<char>(payload.size() & 0xffU);
  }
  return frame + payload;
}

}  // namespace

TEST_CASE("websocket: answer and frames, fed byte by byte, continuations joined") {
  const std::string large(300, 'y');
  const std::string wire = "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n" +
                           server_frame(0x81, "<open/>") + server_frame(0x01, "<a") +
                           server_frame(0x89, "beat") + server_frame(0x80, "/>") + server_frame(0x81, large) +
                           server_frame(0x88, "");
  WebSocketReader reader;
  bool is_switched = false;
  std::string seen;
  for (const char c : wire) {
    reader.feed({&c, 1});
    if (!is_switched) {
      is_switched = reader.take_answer().value_or(false);
      continue;
    }
    while (const auto frame = reader.next()) {
      const bool is_text = frame->kind == WebSocketReader::Frame::Kind::text;
      seen += is_text                                             ? frame->payload + "|"
              : frame->kind == WebSocketReader::Frame::Kind::ping ? "ping|"
                                                                  : "close|";
    }
  }
  CHECK(is_switched);
  CHECK(seen == "<open/>|ping|<a/>|" + large + "|close|");
}

TEST_CASE("websocket: what we send is masked and has its true length") {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U}) {
    std::string frame;
    append_websocket_text(frame, std::string(size, 'x'));
    const std::size_t header = 2 + 4 + (size < 126 ? 0 : size < 65'536 ? 2 : 8);
    CHECK(frame.size() == header + size);
    CHECK((static_cast<unsigned char>(frame[1]) & 0x80U) != 0);
    for (std::size_t i = 0; i < size; i += 1000) {
      CHECK((frame[header + i] ^ frame[header - 4 + i % 4]) == 'x');
    }
  }
}
