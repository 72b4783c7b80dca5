// Framers whose state goes to another process between any two bytes (net/framer.h: FrozenFramer).
#include <doctest/doctest.h>

#include "framer_fixture.h"
#include "websocket_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

// All of `before`, then what is left of it carried to another framer after each byte of `bytes`.
void check_carried(FramerKind kind, std::string_view before, std::string_view bytes) {
  Wire wire;
  const auto whole_framer = wire.framer(kind);
  events_of(*whole_framer, before);
  const auto whole = events_of(*whole_framer, bytes);
  REQUIRE(whole.size() > 1);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    const auto here = wire.framer(kind), there = wire.framer(kind);
    events_of(*here, before);
    auto events = events_of(*here, bytes.substr(0, cut));
    FrozenFramer frozen;
    REQUIRE(here->freeze(frozen));
    REQUIRE(there->thaw(frozen));
    CHECK(there->has_partial() == here->has_partial());
    const auto rest = events_of(*there, bytes.substr(cut));
    events.insert(events.end(), rest.begin(), rest.end());
    CHECK(events == whole);
  }
}

constexpr std::string_view stanzas =
    "<message to='r@x'><body>it&apos;s <![CDATA[<]]]]>&gt; > \xf0\x9f\x98\x80</body></message>"
    " <r xmlns='urn:xmpp:sm:3'/> <presence><a><b><c/></b></a></presence>";

}  // namespace

TEST_CASE("framer: an XML stream goes on in another process, wherever it was cut") {
  check_carried(FramerKind::xml, stream_header, stanzas);
  check_carried(FramerKind::xml, "", std::string(stream_header) + std::string(stanzas));
}

TEST_CASE("framer: a WebSocket goes on in another process, in a header, a fragment or a control frame") {
  check_carried(FramerKind::websocket, std::string(upgrade_request) + text_frame(framing_open),
                text_frame("<message xmlns='jabber:client' to='r'/>") + masked(0x89, "are you there") +
                    masked(0x01, "<iq xmlns='jabber:") + masked(0x8a, "") +
                    masked(0x80, "client' id='\xc3\xa4'/>") + text_frame("<r xmlns='urn:xmpp:sm:3'/>"));
}

TEST_CASE("framer: lines go on in another process") {
  check_carried(FramerKind::lines, "", "one\r\ntwo\nthree\r\n");
}

TEST_CASE("framer: what was stamped is stamped over there") {
  Wire wire;
  const auto here = wire.framer(), there = wire.framer();
  events_of(*here, stream_header);
  here->stamp("anna@localhost/phone", "de");
  FrozenFramer frozen;
  REQUIRE(here->freeze(frozen));
  REQUIRE(there->thaw(frozen));
  const auto events = events_of(*there, "<message to='r@x'/>");
  REQUIRE(events.size() == 1);
  CHECK(events[0].find("from='anna@localhost/phone'") != std::string::npos);
  CHECK(events[0].find("xml:lang='de'") != std::string::npos);
}

TEST_CASE("framer: one that has ended, that is not upgraded yet, or of HTTP, is not carried") {
  Wire wire;
  FrozenFramer frozen;
  const auto ended = wire.framer();
  events_of(*ended, std::string(stream_header) + "</stream:stream>");
  CHECK_FALSE(ended->freeze(frozen));
  CHECK_FALSE(wire.framer(FramerKind::websocket)->freeze(frozen));
  CHECK_FALSE(wire.framer(FramerKind::http)->freeze(frozen));
}

TEST_CASE("framer: what could not have been frozen is not thawed") {
  Wire wire;
  FrozenFramer frozen;
  frozen.is_open = true;
  frozen.partial = "<message/>";  // That would have been a stanza.
  CHECK_FALSE(wire.framer()->thaw(frozen));
  frozen.partial = "one\ntwo";
  CHECK_FALSE(wire.framer(FramerKind::lines)->thaw(frozen));
  for (const char* reader : {"", "x", "not the state of a reader"}) {
    frozen.reader = reader;
    CHECK_FALSE(wire.framer(FramerKind::websocket)->thaw(frozen));
  }
}
