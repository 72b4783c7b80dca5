// The HTTP request in front of a WebSocket (net/websocket_upgrade.h).
#include "net/websocket_upgrade.h"

#include <doctest/doctest.h>

#include "framer_fixture.h"
#include "websocket_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::string replaced(std::string_view from, std::string_view to) {
  std::string request(upgrade_request);
  const std::size_t at = request.find(from);
  REQUIRE(at != std::string::npos);
  return request.replace(at, from.size(), to);
}

// What its framer says to it.
UpgradeAnswer answer_to(std::string_view request) {
  Wire wire;
  const auto framer = wire.framer(FramerKind::websocket);
  FrameEvent event = framer->next(request);
  return {event.kind == FrameEvent::Kind::reply, std::move(event.text)};
}

std::string status_of(std::string_view request) {
  return answer_to(request).text.substr(9, 3);
}

}  // namespace

TEST_CASE("upgrade: the request of RFC 6455 is answered as it says") {
  const UpgradeAnswer answer = answer_to(upgrade_request);
  CHECK(answer.is_upgraded);
  CHECK(answer.text.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(status_of(replaced("Upgrade: websocket", "uPGRADE:WebSocket \t")) == "101");
  CHECK(status_of(replaced("/xmpp-websocket", "/ws?x=1")) == "101");
}

TEST_CASE("upgrade: each thing that is missing or wrong is refused with its status") {
  CHECK(status_of(replaced("GET", "POST")) == "405");
  CHECK(status_of(replaced("HTTP/1.1", "HTTP/1.0")) == "505");
  CHECK(status_of(replaced("HTTP/1.1", "HTTP/1.1 ")) == "505");
  CHECK(status_of(replaced("/xmpp-websocket", "/other")) == "404");
  CHECK(status_of(replaced("/xmpp-websocket", "xmpp-websocket")) == "400");
  CHECK(status_of(replaced("Host: localhost:5443\r\n", "")) == "400");
  CHECK(status_of(replaced("localhost:5443", "")) == "400");
  CHECK(status_of(replaced("localhost:5443", "a'b")) == "400");
  CHECK(status_of(replaced("Upgrade: websocket", "Upgrade: h2c")) == "426");
  CHECK(status_of(replaced("keep-alive, Upgrade", "keep-alive")) == "426");
  CHECK(status_of(replaced("Version: 13", "Version: 8")) == "426");
  CHECK(status_of(replaced("Sec-WebSocket-Version: 13\r\n", "")) == "426");
  CHECK(status_of(replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhl")) == "400");
  CHECK(status_of(replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=a")) == "400");
  CHECK(status_of(replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBs!SBub25jZQ==")) == "400");
  CHECK(status_of(replaced("chat, xmpp", "chat")) == "400");
  CHECK(status_of(replaced("chat, xmpp", "xmppx")) == "400");
  CHECK(answer_to(replaced("Version: 13", "Version: 8")).text.find("Sec-WebSocket-Version: 13\r\n") !=
        std::string::npos);
}

TEST_CASE("upgrade: heads that two parsers could read differently are refused") {
  CHECK(status_of(replaced("Origin:", "Host: evil\r\nOrigin:")) == "400");
  CHECK(status_of(replaced("Origin:", " folded\r\nOrigin:")) == "400");
  CHECK(status_of(replaced("Origin:", "Origin :")) == "400");
  CHECK(status_of(replaced("Origin:", "no colon\r\nOrigin:")) == "400");
  CHECK(status_of(replaced("https://example.org", "a\nHost: b")) == "400");
  CHECK(status_of(replaced("https://example.org", std::string("a\0b", 3))) == "400");
  CHECK(status_of("\r\n\r\n") == "400");
  CHECK(status_of("GET\r\n\r\n") == "400");
}

TEST_CASE("upgrade: host-meta says where the WebSocket is") {
  const auto at = [](std::string_view path) { return answer_to(replaced("/xmpp-websocket", path)); };
  const UpgradeAnswer xml = at("/.well-known/host-meta");
  CHECK_FALSE(xml.is_upgraded);
  CHECK(xml.text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/xrd+xml\r\n"));
  CHECK(xml.text.find("\r\nAccess-Control-Allow-Origin: *\r\n") != std::string::npos);
  CHECK(xml.text.find("<Link rel='urn:xmpp:alt-connections:websocket' "
                      "href='wss://localhost:5443/xmpp-websocket'/>") != std::string::npos);
  const UpgradeAnswer json = at("/.well-known/host-meta.json");
  CHECK(
      json.text.ends_with("{\"links\":[{\"rel\":\"urn:xmpp:alt-connections:websocket\","
                          "\"href\":\"wss://localhost:5443/xmpp-websocket\"}]}\n"));
}

TEST_CASE("upgrade: a head is read in any pieces, and no further than its limit") {
  Wire wire;
  const auto events = [&](std::string_view bytes, std::size_t chunk) {
    const auto framer = wire.framer(FramerKind::websocket);
    return events_of(*framer, bytes, chunk);
  };
  const auto whole = events(upgrade_request, 0);
  REQUIRE(whole.size() == 1);
  for (const std::size_t chunk : {1, 2, 3, 5}) CHECK(events(upgrade_request, chunk) == whole);

  const std::string endless = "GET /" + std::string(9'000, 'x');
  for (const std::size_t chunk : {0, 1, 1000}) {
    const auto refused = events(endless, chunk);
    REQUIRE(refused.size() == 1);
    CHECK(refused[0].starts_with("refused HTTP/1.1 431 "));
  }
  CHECK(events(endless.substr(0, 8'191), 0).empty());
  CHECK(events(stream_header, 0).back().starts_with("refused HTTP/1.1 400 "));
  CHECK(events("\x16\x03\x01", 0).back().starts_with("refused HTTP/1.1 400 "));
}
