// XMPP over WebSocket (net/websocket_framer.h): frames, messages, the stream they carry.
#include <doctest/doctest.h>

#include "framer_fixture.h"
#include "websocket_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::vector<std::string> all_frames_of(Wire& wire, std::string_view bytes, std::size_t chunk = 0) {
  const auto framer = wire.framer(FramerKind::websocket);
  return events_of(*framer, bytes, chunk);
}

// The last event of an upgraded WebSocket on which `frames` follow.
std::string after_upgrade(std::string_view frames) {
  Wire wire;
  return all_frames_of(wire, std::string(upgrade_request) + std::string(frames)).back();
}

std::string after_open(std::string_view frames) {
  return after_upgrade(text_frame(framing_open) + std::string(frames));
}

std::string written(std::string_view element) {
  Wire wire;
  std::string out;
  wire.framer(FramerKind::websocket)->write_element(element, out);
  REQUIRE(out.size() > 2);
  const std::size_t header_bytes = static_cast<unsigned char>(out[1]) < 126 ? 2 : 4;
  return out.substr(header_bytes);
}

}  // namespace

TEST_CASE("websocket: an upgrade, a stream, stanzas and an end, in any pieces") {
  Wire wire;
  const std::string long_body(70'000, 'x');
  wire.limits.stanza_bytes_max = 100'000;
  const std::string bytes = std::string(upgrade_request) + text_frame(framing_open) +
                            text_frame("<message xmlns='jabber:client' to='r'/>") +
                            masked(0x89, "are you there") + masked(0x01, "<iq xmlns='jabber:") +
                            masked(0x8a, "") + masked(0x00, "") + masked(0x80, "client' id='\xc3\xa4'/>") +
                            text_frame("<r xmlns='urn:xmpp:sm:3'/>") +
                            text_frame("<message><body>" + long_body + "</body></message>") +
                            text_frame("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
  const auto events = all_frames_of(wire, bytes);
  REQUIRE(events.size() == 8);
  CHECK(events[0] ==
        "reply HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n");
  CHECK(events[1] == "open to=localhost from= lang= version=1.0");
  CHECK(events[2] == "stanza <message to='r'></message>");
  CHECK(events[3] ==
        "reply \x8a\x0d"
        "are you there");
  CHECK(events[4] == "stanza <iq id='\xc3\xa4'></iq>");
  CHECK(events[5] == "stanza <r xmlns='urn:xmpp:sm:3'></r>");
  CHECK(events[6] == "stanza <message><body>" + long_body + "</body></message>");
  CHECK(events[7] == "close");
  for (const std::size_t chunk : {1, 2, 3, 5, 1000}) CHECK(all_frames_of(wire, bytes, chunk) == events);
}

TEST_CASE("framer: rule 9: a message is exactly one element") {
  for (const std::string_view message :
       {"", " ", "<a/><b/>", "<a/> ", " <a/>", "<a/>x", "<a>", "</a>", "x", "</stream:stream>"}) {
    CAPTURE(message);
    CHECK(after_open(text_frame(message)).starts_with("error not-well-formed"));
  }
  CHECK(after_open(text_frame("<?xml version='1.0'?><a/>")).starts_with("error restricted-xml"));
  CHECK(after_open(text_frame("<!-- x --><a/>")).starts_with("error restricted-xml"));
  CHECK(after_open(text_frame("<a/><!-- x -->")).starts_with("error restricted-xml"));
  CHECK(after_open(text_frame(stream_header.substr(stream_header.find("<stream"))))
            .starts_with("error bad-format"));
  CHECK(after_open(text_frame("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>"))
            .starts_with("error bad-format"));
  CHECK(after_open(text_frame("<message>") + text_frame("</message>")).starts_with("error not-well-formed"));
}

TEST_CASE("websocket: a stream begins with <open/>, once") {
  CHECK(after_upgrade(text_frame("<message/>")) == "error bad-format: a stream begins with <open/>");
  CHECK(after_open(text_frame(framing_open)) == "error bad-format: a second <open/> in one stream");
  CHECK(after_upgrade(text_frame("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost'/>"))
            .starts_with("error unsupported-version"));
  CHECK(after_upgrade(text_frame("<open version='1.0'/>")) ==
        "error bad-format: a stream begins with <open/>");
  CHECK(after_open(text_frame("<other xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"))
            .starts_with("error bad-format"));
}

TEST_CASE("websocket: frames that break RFC 6455 end it") {
  std::string unmasked;
  append_websocket_frame(unmasked, WebsocketOpcode::text, "<a/>");
  CHECK(after_open(unmasked) == "error bad-format: a client's frames have to be masked");
  CHECK(after_open(masked(0xc1, "<a/>")) == "error bad-format: a reserved bit is set");
  CHECK(after_open(masked(0x82, "<a/>")) == "error bad-format: only text messages are understood");
  CHECK(after_open(masked(0x83, "<a/>")) == "error bad-format: a frame of an unknown kind");
  CHECK(after_open(masked(0x8b, "")) == "error bad-format: a frame of an unknown kind");
  CHECK(after_open(masked(0x80, "<a/>")) == "error bad-format: a continuation of nothing");
  CHECK(after_open(masked(0x01, "<a") + masked(0x81, "/>")) ==
        "error bad-format: a message inside of another");
  const std::string control = "error bad-format: a control frame that is too long or in fragments";
  CHECK(after_open(masked(0x09, "x")) == control);
  CHECK(after_open(masked(0x89, std::string(126, 'x'))) == control);
  CHECK(after_open(masked(0x89, std::string(125, 'x'))).starts_with("reply \x8a\x7d"));
  const std::string length = "error bad-format: a length that is longer than it has to be";
  CHECK(after_open(std::string("\x81\xfe\x00\x04mask", 8) + "1234") == length);
  CHECK(after_open(std::string("\x81\xff\x00\x00\x00\x00\x00\x00\x01\x00mask", 14)) == length);
}

TEST_CASE("websocket: a message is limited before any of it is kept") {
  const std::string error = "error policy-violation: more than 10000 bytes in one stanza";
  CHECK(after_open(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14)) == error);
  CHECK(after_open(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xffmask", 14)) == error);
  CHECK(after_open(std::string("\x81\xfe\x27\x11mask", 8)) == error);
  CHECK(after_open(masked(0x01, std::string(9'999, ' ')) + masked(0x00, "12")) == error);
  CHECK(after_open(text_frame("<a>" + std::string(9'993, 'x') + "</a>")).starts_with("stanza"));
}

TEST_CASE("websocket: text that is not UTF-8 is refused, a character in two fragments is not") {
  CHECK(after_open(text_frame("<a>\xc3</a>")) == "error not-well-formed: the bytes are not UTF-8");
  CHECK(after_open(masked(0x01, "<a>\xc3") + masked(0x80, "\xa4</a>")) == "stanza <a>\xc3\xa4</a>");
}

TEST_CASE("websocket: a close frame hangs up and does not end the stream, a wrong one is an error") {
  using namespace std::string_literals;
  CHECK(after_open(masked(0x88, "")) == "hang_up");
  CHECK(after_open(masked(0x88, "\x03\xe8 bye"s)) == "hang_up");
  CHECK(after_open(masked(0x88, "\x0f\xa0"s)) == "hang_up");
  for (const std::string& payload :
       {"\x03"s, "\x03\xe7"s, "\x03\xec"s, "\x03\xed"s, "\x03\xee"s, "\x03\xf7"s, "\x13\x88"s, "\x00\x00"s}) {
    CHECK(after_open(masked(0x88, payload)) == "error bad-format: a close frame without a proper code");
  }
  CHECK(after_open(masked(0x88, "\x03\xe8\xff"s)) == "error not-well-formed: the bytes are not UTF-8");
}

TEST_CASE("websocket: a restart expects <open/> again and forgets an unfinished message") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::websocket);
  events_of(*framer,
            std::string(upgrade_request) + text_frame(framing_open) + masked(0x01, "<message><body>inject"));
  CHECK(framer->has_partial());
  framer->restart();
  const auto events = events_of(*framer, masked(0x80, "</body></message>") + text_frame(framing_open));
  CHECK(events == std::vector<std::string>{"open to=localhost from= lang= version=1.0"});
  CHECK_FALSE(framer->has_partial());
}

TEST_CASE("websocket: stanzas are stamped") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::websocket);
  events_of(*framer, std::string(upgrade_request) + text_frame(framing_open));
  framer->stamp("j@localhost/x", "en");
  CHECK(events_of(*framer, text_frame("<iq from='j@localhost'/>")).back() ==
        "stanza <iq from='j@localhost/x' xml:lang='en'></iq>");
  CHECK(events_of(*framer, text_frame("<iq from='other@localhost'/>"))
            .back()
            .starts_with("error invalid-from"));
}

TEST_CASE("websocket: each message that is written is a document of its own") {
  CHECK(written("<message to='xmlns=&apos;'></message>") ==
        "<message xmlns='jabber:client' to='xmlns=&apos;'></message>");
  CHECK(written("<message></message>") == "<message xmlns='jabber:client'></message>");
  CHECK(written("<presence/>") == "<presence xmlns='jabber:client'/>");
  CHECK(written("<a b='>' xmlns='urn:a'/>") == "<a b='>' xmlns='urn:a'/>");
  CHECK(written("<a b=' xmlns=' />") == "<a xmlns='jabber:client' b=' xmlns=' />");
  CHECK(written("<message xmlns:a0='urn:x' a0:b='1'/>") ==
        "<message xmlns='jabber:client' xmlns:a0='urn:x' a0:b='1'/>");
  CHECK(
      written("<stream:features><a xmlns='u'/></stream:features>") ==
      "<stream:features xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><a xmlns='u'/>"
      "</stream:features>");
  CHECK(written("<message><b xmlns='u'/></message>").starts_with("<message xmlns='jabber:client'><b"));
}

TEST_CASE("websocket: what it writes can be read back, whatever its length") {
  for (const std::size_t length : {10, 200, 70'000}) {
    const std::string body(length, 'x');
    Wire wire;
    std::string out;
    wire.framer(FramerKind::websocket)->write_element("<a>" + body + "</a>", out);
    const std::string xml = "<a xmlns='jabber:client'>" + body + "</a>";
    CHECK(out.ends_with(xml));
    std::string whole;
    append_websocket_frame(whole, WebsocketOpcode::text, xml);
    CHECK(out == whole);
  }
}

TEST_CASE("websocket: what is too deep or has too many elements is refused before the message is whole") {
  const auto unfinished = [](std::string_view many, int count) {
    std::string message = "<a>";
    for (int i = 0; i < count; ++i) message.append(many);
    return after_open(masked(0x01, message));  // A first fragment: more would follow.
  };
  CHECK(unfinished("<b>", 31).starts_with("open"));
  CHECK(unfinished("<b>", 32) == "error policy-violation: more than 32 elements inside each other");
  CHECK(unfinished("<b/>", 999).starts_with("open"));
  CHECK(unfinished("<b/>", 1'000) == "error policy-violation: more than 1000 elements in one stanza");
}

TEST_CASE("websocket: a stream ends with <close/>, then the WebSocket does") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::websocket);
  std::string out;
  framer->write_close("policy-violation", "", false, out);
  CHECK(out.empty());  // Nothing can be said before the upgrade.
  events_of(*framer, upgrade_request);

  std::string close;
  append_websocket_frame(close, WebsocketOpcode::text,
                         "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
  framer->write_close("", "", true, out);
  CHECK(out == close + std::string("\x88\x02\x03\xe8", 4));

  out.clear();
  framer->write_close("conflict", "", false, out);
  std::string expected;
  framer->write_open("", "", "", expected);
  append_websocket_frame(expected, WebsocketOpcode::text,
                         "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><conflict "
                         "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
  CHECK(out == expected + close + std::string("\x88\x02\x03\xe8", 4));
}

TEST_CASE("websocket: the close frame says what was wrong, and echoes what the peer said") {
  const auto closed_with = [](std::string_view frame) {
    Wire wire;
    const auto framer = wire.framer(FramerKind::websocket);
    events_of(*framer, std::string(upgrade_request) + text_frame(framing_open) + std::string(frame));
    std::string out;
    framer->write_close("", "", true, out);
    return out;
  };
  CHECK(closed_with(masked(0x82, "x")).ends_with("\x88\x02\x03\xeb"));
  CHECK(closed_with(masked(0x83, "x")).ends_with("\x88\x02\x03\xea"));
  CHECK(closed_with(text_frame("\xff")).ends_with("\x88\x02\x03\xef"));
  CHECK(closed_with(text_frame(std::string(10'001, 'x'))).ends_with("\x88\x02\x03\xf1"));
  CHECK(closed_with(masked(0x88, std::string("\x0f\xa0", 2))) == std::string("\x88\x02\x0f\xa0", 4));
}
