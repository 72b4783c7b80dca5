// The one strict parser (net/xml_parser.h): what it stamps, what it refuses, and what it forgets.
#include <doctest/doctest.h>

#include "framer_fixture.h"

using namespace hotline;
using hotline::test::CountingRandom;
using hotline::test::Wire;

namespace {

const XmlParser::Sender juliet{"juliet@localhost/balcony", "en", {}};

}  // namespace

TEST_CASE("parser: \"from\" is stamped first, whatever own address the client wrote") {
  Wire wire;
  const std::string stamped =
      "<message from='juliet@localhost/balcony' to='r' xml:lang='en'><body>x</body></message>";
  CHECK(wire.parsed("<message to='r'><body>x</body></message>", juliet) == stamped);
  CHECK(wire.parsed("<message to='r' from='juliet@localhost'><body>x</body></message>", juliet) == stamped);
  CHECK(wire.parsed("<message to='r' from='Juliet@LOCALHOST/balcony'><body>x</body></message>", juliet) ==
        stamped);
}

TEST_CASE("parser: another's \"from\" is an invalid-from error") {
  Wire wire;
  for (const std::string_view from : {"romeo@localhost", "juliet@localhost/other", "juliet@localhost/Balcony",
                                      "juliet@localhost/", "", "localhost", "juliet@localhost.evil"}) {
    const std::string element = "<message to='r' from='" + std::string(from) + "'/>";
    CHECK(wire.parsed(element, juliet).starts_with("error invalid-from"));
  }
  // Before a resource is bound there is none that would be right.
  CHECK(wire.parsed("<iq from='juliet@localhost/x'/>", {"juliet@localhost", "", {}})
            .starts_with("error invalid-from"));
}

TEST_CASE("parser: xml:lang is added to stanzas that have none") {
  Wire wire;
  CHECK(wire.parsed("<iq xml:lang='de'/>", juliet) ==
        "<iq from='juliet@localhost/balcony' xml:lang='de'></iq>");
  CHECK(wire.parsed("<iq xml:lang=''/>", juliet) == "<iq from='juliet@localhost/balcony' xml:lang=''></iq>");
  CHECK(wire.parsed("<iq/>", {"j@x/y", "", {}}) == "<iq from='j@x/y'></iq>");
}

TEST_CASE("parser: what is not a stanza is not stamped") {
  Wire wire;
  CHECK(wire.parsed("<r xmlns='urn:xmpp:sm:3' from='x'/>", juliet) ==
        "<r xmlns='urn:xmpp:sm:3' from='x'></r>");
  CHECK(wire.parsed("<message from='x'/>") == "<message from='x'></message>");
}

TEST_CASE("parser: only one whole element is one") {
  Wire wire;
  for (const std::string_view bytes : {"",
                                       "x",
                                       " <a/>",
                                       "<a/> ",
                                       "<a/><b/>",
                                       "<a>",
                                       "<a><b></a>",
                                       "<a/",
                                       "</a>",
                                       "<a></b>",
                                       "<a/>]",
                                       "<a/><",
                                       "</stream:stream>",
                                       "<a/></stream:stream>",
                                       "</stream:stream><a/>",
                                       "<a b='1' b='2'/>",
                                       "<a b=1/>",
                                       "<a b/>",
                                       "<a b='<'/>",
                                       "<a>]]></a>",
                                       "<a>&#0;</a>",
                                       "<a>&#xD800;</a>",
                                       "<a>&amp</a>",
                                       "<1/>",
                                       "<:a/>",
                                       "<a:/>",
                                       "<a xmlns:b=''/>",
                                       "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
                                       "<a b='\n",
                                       "<a\0/>",
                                       "<a p:x='1' q:x='1' xmlns:p='u' xmlns:q='u'/>",
                                       "<a xmlns:xml='urn:x'/>",
                                       "<a xmlns:xmlns='urn:x'/>"}) {
    CAPTURE(bytes);
    CHECK(wire.parsed(bytes).starts_with("error not-well-formed"));
    CHECK(wire.parsed("<a/>") == "<a></a>");  // And the next one is none the worse for it.
  }
}

TEST_CASE("parser: an element in the xml namespace is refused") {
  Wire wire;
  CHECK(wire.parsed("<xml:a/>").starts_with("error bad-namespace-prefix"));
  CHECK(wire.parsed("<message><xml:a/></message>").starts_with("error bad-namespace-prefix"));
}

TEST_CASE("parser: the prefixes of the stream header hold inside of stanzas, and only for that stream") {
  Wire wire;
  const XmlParser::Sender sender{"", "", " xmlns:x='urn:x' xmlns:y='urn:y'"};
  CHECK(wire.parsed("<message><x:a y:b='1'/></message>", sender) ==
        "<message><a xmlns='urn:x' xmlns:a0='urn:y' a0:b='1'/></message>");
  CHECK(wire.parsed("<x:a/>", sender) == "<a xmlns='urn:x'></a>");
  CHECK(wire.parsed("<x:a/>").starts_with("error not-well-formed"));
  CHECK(wire.parsed("<a/></declared><declared>", sender).starts_with("error not-well-formed"));
  CHECK(wire.parsed("</declared><a/>", sender).starts_with("error not-well-formed"));
  CHECK(wire.parsed("<x:a/>", sender) == "<a xmlns='urn:x'></a>");
}

TEST_CASE("parser: a composed element may be of the stream's namespace, at its root") {
  Wire wire;
  const auto composed = [&](std::string_view element) {
    const auto outcome = wire.parser.parse_composed(element, wire.limits);
    return outcome.stanza ? std::string(outcome.stanza->bytes()) : std::string(outcome.condition);
  };
  const std::string features =
      "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
  CHECK(composed(features) == features);
  CHECK(composed("<features xmlns='http://etherx.jabber.org/streams'/>") ==
        "<stream:features></stream:features>");
  CHECK(composed("<message from='any@one'/>") == "<message from='any@one'></message>");
  CHECK(composed("<message><stream:error/></message>") == "bad-format");
  CHECK(composed("<message>") == "not-well-formed");
}

TEST_CASE("parser: names that strangers invent do not stay in it") {
  CountingRandom random;
  XmlParser parser(random);
  std::size_t bytes = 0;
  for (int number = 0; number < 20'000; ++number) {
    const std::string name = "n" + std::to_string(number);
    const auto outcome = parser.parse("<" + name + "/>", {}, {});
    REQUIRE(outcome.stanza);
    REQUIRE(outcome.stanza->name(0) == name);
    bytes += name.size() + 3;
  }
  // expat keeps every name it met: it was made anew, with a new salt, for every 64 KiB or so.
  CHECK(random.calls >= static_cast<int>(bytes / (80 * 1024)));
  CHECK(random.calls <= 1 + static_cast<int>(bytes / (64 * 1024)));
}

TEST_CASE("parser: namespaces repeated on purpose stop at the limit for what is written out") {
  Wire wire;
  wire.limits.stanza_bytes_max = 4'000;
  wire.limits.elements_max = 10'000;
  const std::string ns = "urn:" + std::string(250, 'n');
  std::string element = "<message xmlns:p='" + ns + "'>";
  for (int count = 0; count < 600; ++count) element += "<p:a/>";
  element += "</message>";
  CHECK(wire.parsed(element) == "error policy-violation: more than 28096 bytes, written out");
}
