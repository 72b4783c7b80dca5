// The XML framer (net/xml_framer.h): streams, their headers and ends, and input in any pieces.
#include <doctest/doctest.h>

#include "framer_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

constexpr std::string_view conversation =
    "<?xml version='1.0' encoding='utf-8'?>\n<stream:stream to='localhost' from='j@localhost' xml:lang='en' "
    "version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:e='urn:e'>\n"
    "<message to='r@x'><body>it&apos;s <![CDATA[<]]]]>&gt; > \xf0\x9f\x98\x80</body><e:x a='/>' "
    "b=\"'\"/></message> \n"
    "<r xmlns='urn:xmpp:sm:3'/>  <iq id='/' type='get' ><query xmlns='u' /></iq >"
    "<presence><a><b><c/></b></a></presence></stream:stream >";

std::vector<std::string> all_of(Wire& wire, std::string_view bytes, std::size_t chunk) {
  const auto framer = wire.framer();
  return events_of(*framer, bytes, chunk);
}

std::string opened_by(std::string_view header) {
  Wire wire;
  const auto events = all_of(wire, header, 0);
  return events.empty() ? "nothing" : events.back();
}

constexpr std::string_view streams = "xmlns:stream='http://etherx.jabber.org/streams'";

}  // namespace

TEST_CASE("framer: a stream is a header, stanzas and an end") {
  Wire wire;
  const auto events = all_of(wire, conversation, 0);
  REQUIRE(events.size() == 6);
  CHECK(events[0] == "open to=localhost from=j@localhost lang=en version=1.0");
  CHECK(events[1] ==
        "stanza <message to='r@x'><body>it&apos;s &lt;]]&gt; &gt; \xf0\x9f\x98\x80</body>"
        "<x xmlns='urn:e' a='/&gt;' b='&apos;'/></message>");
  CHECK(events[2] == "stanza <r xmlns='urn:xmpp:sm:3'></r>");
  CHECK(events[3] == "stanza <iq id='/' type='get'><query xmlns='u'/></iq>");
  CHECK(events[4] == "stanza <presence><a><b><c/></b></a></presence>");
  CHECK(events[5] == "close");
}

TEST_CASE("framer: a stream cut at every byte boundary says the same") {
  Wire wire;
  const auto whole = all_of(wire, conversation, 0);
  for (std::size_t cut = 1; cut < conversation.size(); ++cut) {
    const auto framer = wire.framer();
    auto events = events_of(*framer, conversation.substr(0, cut));
    const auto rest = events_of(*framer, conversation.substr(cut));
    events.insert(events.end(), rest.begin(), rest.end());
    CAPTURE(cut);
    CHECK(events == whole);
  }
  for (const std::size_t chunk : {1, 2, 3, 7, 64}) CHECK(all_of(wire, conversation, chunk) == whole);
}

TEST_CASE("framer: one event is one step, the rest of the input stays") {
  Wire wire;
  const auto framer = wire.framer();
  const std::string bytes = std::string(stream_header) + "<a/><b/>";
  std::string_view input = bytes;
  CHECK(framer->next(input).kind == FrameEvent::Kind::open);
  CHECK(input == "<a/><b/>");
  CHECK(framer->next(input).kind == FrameEvent::Kind::stanza);
  CHECK(input == "<b/>");
}

TEST_CASE("framer: whitespace between stanzas is dropped and leaves nothing unfinished") {
  Wire wire;
  const auto framer = wire.framer();
  CHECK(events_of(*framer, "  \n" + std::string(stream_header) + " \n\t\r ").size() == 1);
  CHECK_FALSE(framer->has_partial());
  CHECK(events_of(*framer, "<").empty());
  CHECK(framer->has_partial());
  CHECK(events_of(*framer, "a/>") == std::vector<std::string>{"stanza <a></a>"});
  CHECK_FALSE(framer->has_partial());
}

TEST_CASE("framer: text between stanzas is an error") {
  Wire wire;
  CHECK(wire.last("x") == "error bad-format: text between two stanzas");
  CHECK(wire.last("<a/>x<b/>") == "error bad-format: text between two stanzas");
  CHECK(opened_by("GET / HTTP/1.1\r\n") == "error not-well-formed: a stream begins with <stream:stream>");
}

TEST_CASE("framer: after an error or the end what still comes is dropped") {
  Wire wire;
  const auto framer = wire.framer();
  events_of(*framer, std::string(stream_header) + "<a><!-- ");
  CHECK_FALSE(framer->has_partial());
  const auto events = all_of(wire, std::string(stream_header) + "x<a/></stream:stream>", 1);
  REQUIRE(events.size() == 2);
  CHECK(events[1].starts_with("error"));
  CHECK(all_of(wire, std::string(stream_header) + "</stream:stream><a/>", 1).back() == "close");
}

TEST_CASE("framer: a stream header has to be one") {
  const std::string ns(streams);
  CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:client' version='1.0'>").starts_with("open"));
  CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:client' version='1.10'>").starts_with("open"));
  CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:client' version='2.0'>").starts_with("open"));
  for (const std::string_view version :
       {"", "version='0.9'", "version='1'", "version='1.x'", "version='.1'"}) {
    CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:client' " + std::string(version) + ">")
              .starts_with("error unsupported-version"));
  }
  CHECK(opened_by("<stream:stream xmlns:stream='urn:x' xmlns='jabber:client' version='1.0'>")
            .starts_with("error invalid-namespace"));
  CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:server' version='1.0'>")
            .starts_with("error invalid-namespace"));
  CHECK(opened_by("<stream:stream " + ns + " version='1.0'>").starts_with("error invalid-namespace"));
  CHECK(opened_by("<stream xmlns='http://etherx.jabber.org/streams' version='1.0'>")
            .starts_with("error bad-namespace-prefix"));
  CHECK(opened_by("<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client' version='1.0'>")
            .starts_with("error bad-namespace-prefix"));
  CHECK(opened_by("<stream:flow " + ns + " xmlns='jabber:client' version='1.0'>")
            .starts_with("error bad-format"));
  CHECK(opened_by("<stream:stream version='1.0'>").starts_with("error not-well-formed"));
  CHECK(opened_by("<message>").starts_with("error invalid-namespace"));
  CHECK(opened_by("<stream:stream " + ns + " xmlns='jabber:client' version='1.0'/>")
            .starts_with("error bad-format"));
  CHECK(opened_by("<?xml version='1.0' encoding='utf-16'?><stream:stream " + ns +
                  " xmlns='jabber:client' version='1.0'>")
            .starts_with("error unsupported-encoding"));
  CHECK(opened_by("<?xml version='1.1'?><stream:stream " + ns + " xmlns='jabber:client' version='1.0'>")
            .starts_with("error not-well-formed"));
}

TEST_CASE("framer: the end tag has to be the stream's") {
  Wire wire;
  CHECK(wire.last("</stream:stream>") == "close");
  CHECK(wire.last("</stream:stream \n>") == "close");
  CHECK(wire.last("</stream:strea>").starts_with("error not-well-formed"));
  CHECK(wire.last("</stream:streams>").starts_with("error not-well-formed"));
  CHECK(opened_by("</stream:stream>").starts_with("error not-well-formed"));
}

TEST_CASE("framer: limits that change hold for the stanza that is unfinished") {
  Wire wire;
  const auto framer = wire.framer();
  events_of(*framer, std::string(stream_header) + "<message>");
  FramerLimits smaller = wire.limits;
  smaller.stanza_bytes_max = 5;
  framer->set_limits(smaller);
  CHECK(events_of(*framer, "x").back() == "error policy-violation: more than 5 bytes in one stanza");
}

TEST_CASE("framer: a framer goes on with another shard's parser") {
  Wire here, there;
  const auto framer = here.framer();
  events_of(*framer, std::string(stream_header) + "<message>");
  framer->set_parser(there.parser);
  CHECK(events_of(*framer, "</message>").back() == "stanza <message></message>");
}

TEST_CASE("framer: what it writes is a stream") {
  Wire wire;
  const auto framer = wire.framer();
  std::string out;
  framer->write_open("id'1", "localhost", "en", out);
  CHECK(out ==
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams' id='id&apos;1' from='localhost' version='1.0' "
        "xml:lang='en'>");
  framer->write_element("<message></message>", out);
  framer->write_close("policy-violation", "a < \x01", true, out);
  CHECK(
      out.ends_with("xml:lang='en'><message></message><stream:error><policy-violation "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>a &lt; \xef\xbf\xbd</text>"
                    "</stream:error></stream:stream>"));
  // Our own framer, as a client's would, takes it.
  const auto events = all_of(wire, out.substr(0, out.find("<stream:error>")), 1);
  CHECK(events.size() == 2);
}

TEST_CASE("framer: an error before our header opens the stream first") {
  Wire wire;
  const auto framer = wire.framer();
  std::string out;
  framer->write_close("not-well-formed", "", false, out);
  CHECK(out.starts_with("<?xml version='1.0'?><stream:stream "));
  CHECK(
      out.ends_with("<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
                    "</stream:error></stream:stream>"));
  out.clear();
  framer->write_close("", "", false, out);
  CHECK(out.empty());
  framer->write_close("", "", true, out);
  CHECK(out == "</stream:stream>");
}
