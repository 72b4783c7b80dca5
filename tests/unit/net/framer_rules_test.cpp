// The rules against stanza smuggling, XML bombs and endless input, one by one: each named after what it keeps
// out. RFC 6120 4.9.3 and 11; CVE-2022-22784, -25235, -25236, CVE-2023-52425.
#include <doctest/doctest.h>

#include "framer_fixture.h"
#include "net/utf8.h"

using namespace hotline;
using namespace hotline::test;

TEST_CASE("framer: rule 1: bytes that are not UTF-8 never reach the parser") {
  Wire wire;
  for (const std::string_view bad : {
           "\x80",              // A continuation without a start.
           "\xc0\xaf",          // Overlong '/'.
           "\xe0\x80\xbc",      // Overlong '<'.
           "\xf0\x80\x80\xbc",  // The same, longer.
           "\xed\xa0\x80",      // A surrogate.
           "\xf4\x90\x80\x80",  // Past U+10FFFF.
           "\xf8\x88\x80\x80\x80",
           "\xc3",  // Cut, with a tag behind it.
           "\xe2\x82",
           "\xf0\x9f\x98",
           "\xff",
           "\xfe\xff",
       }) {
    const std::string text = std::string(bad) + "<b/>";
    CHECK_FALSE(is_utf8(text));
    CHECK(wire.last("<message><body>" + text + "</body></message>") ==
          "error not-well-formed: the bytes are not UTF-8");
    CHECK(wire.last("<message a='" + std::string(bad) + "'/>") ==
          "error not-well-formed: the bytes are not UTF-8");
    CHECK(wire.last("<m" + std::string(bad) + "/>") == "error not-well-formed: the bytes are not UTF-8");
  }
  const auto framer = wire.framer();
  CHECK(events_of(*framer, "<stream:stream to='\xc3'>").back() ==
        "error not-well-formed: the bytes are not UTF-8");
}

TEST_CASE("framer: rule 2: what is forwarded was written by us, with everything escaped") {
  Wire wire;
  CHECK(wire.last(
            "<message\tto=\"a&#x22;b&#x3c;\" ><body>&#60;/message&#62;&#38;&#39;&#34;</body ></message >") ==
        "stanza <message to='a&quot;b&lt;'><body>&lt;/message&gt;&amp;&apos;&quot;</body></message>");
}

TEST_CASE("framer: rule 2: control characters and U+FFFE and U+FFFF are refused, written out or not") {
  Wire wire;
  for (int control = 0; control < 0x20; ++control) {
    if (control == '\t' || control == '\n' || control == '\r') continue;
    const char raw = static_cast<char>(control);
    CHECK(wire.last("<message>" + std::string(1, raw) + "</message>").starts_with("error not-well-formed"));
    CHECK(wire.last("<message a='" + std::string(1, raw) + "'/>").starts_with("error not-well-formed"));
    CHECK(wire.last("<message>&#" + std::to_string(control) + ";</message>")
              .starts_with("error not-well-formed"));
  }
  for (const std::string_view text : {"\xef\xbf\xbe", "\xef\xbf\xbf", "&#xFFFE;", "&#xFFFF;", "&#65534;"}) {
    CHECK(wire.last("<message>" + std::string(text) + "</message>").starts_with("error not-well-formed"));
    CHECK(wire.last("<message a='" + std::string(text) + "'/>").starts_with("error not-well-formed"));
  }
}

TEST_CASE("framer: rule 3: no DOCTYPE, entity, comment or processing instruction") {
  Wire wire;
  for (const std::string_view bytes :
       {"<!-- x -->", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<?php x?>", "<?xml version='1.0'?>", "<![CDATA[x]]>",
        "<message><!-- x --></message>", "<message><?x y?></message>", "<message><!DOCTYPE a></message>",
        "<message><!ENTITY a 'b'></message>", "<message>&b;</message>", "<message a='&b;'/>",
        "<message><![INCLUDE[x]]></message>"}) {
    CAPTURE(bytes);
    CHECK(wire.last(bytes).starts_with("error restricted-xml"));
    CHECK(wire.last(bytes, 1).starts_with("error restricted-xml"));
  }
  for (const std::string_view before : {"<!DOCTYPE a>", "<!-- x -->", "<?x y?>"}) {
    const auto framer = wire.framer();
    const auto events = events_of(*framer, std::string(before) + std::string(stream_header));
    CHECK(events.back().starts_with("error restricted-xml"));
  }
  CHECK(wire.last("<a>&amp;&lt;&gt;&apos;&quot;&#65;&#x41;</a>").starts_with("stanza"));
}

TEST_CASE("framer: rule 3: the parser refuses them without the splitter, too") {
  Wire wire;
  for (const std::string_view element :
       {"<a><!-- x --></a>", "<a><?x y?></a>", "<a><!DOCTYPE b></a>", "<a>&b;</a>", "<a b='&c;'/>",
        "<!DOCTYPE b>", "<?x y?>", "<!---->"}) {
    CAPTURE(element);
    CHECK(wire.parsed(element).starts_with("error restricted-xml"));
  }
}

TEST_CASE("framer: rule 4: an entity bomb is refused at its first declaration") {
  Wire wire;
  const auto framer = wire.framer();
  std::string bomb = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a0 'lol'>";
  for (int level = 1; level < 10; ++level) {
    const std::string inner = "&a" + std::to_string(level - 1) + ";";
    bomb += "<!ENTITY a" + std::to_string(level) + " '" + inner + inner + inner + inner + "'>";
  }
  bomb += "]><stream:stream>&a9;";
  CHECK(events_of(*framer, bomb).back().starts_with("error restricted-xml"));
  CHECK(wire.parsed(bomb).starts_with("error "));
}

TEST_CASE("framer: rule 4: parsers are salted from the random source they are given") {
  CountingRandom random;
  XmlParser parser(random);
  CHECK(random.calls == 1);
  CHECK_FALSE(parser.parse("<a", {}, {}).stanza);
  CHECK(random.calls == 2);  // A new expat parser has a new salt.
}

TEST_CASE("framer: rule 5: a stanza is there with its last byte, however it was cut") {
  Wire wire;
  const auto framer = wire.framer();
  events_of(*framer, stream_header);
  const std::string stanza =
      "<message a='" + std::string(3000, 'a') + "'><b>" + std::string(3000, 'b') + "</b></message>";
  for (int round = 0; round < 3; ++round) {
    CHECK(events_of(*framer, stanza.substr(0, stanza.size() - 1), 1000).empty());
    CHECK(events_of(*framer, ">").size() == 1);
  }
}

TEST_CASE("framer: rule 6: bytes are limited while they come in, at the same place in any pieces") {
  Wire wire;
  wire.limits.stanza_bytes_max = 200;
  const std::string fits = "<message>" + std::string(200 - 19, 'x') + "</message>";
  REQUIRE(fits.size() == 200);
  const std::string error = "error policy-violation: more than 200 bytes in one stanza";
  const std::string too_long = "<message>" + std::string(201 - 19, 'x') + "</message>";
  for (const std::size_t chunk : {0, 1, 7, 200}) {
    CHECK(wire.last(fits, chunk).starts_with("stanza"));
    CHECK(wire.last(too_long, chunk) == error);
    // Not one byte more is needed, nor an end.
    CHECK(wire.last("<message a='" + std::string(189, 'x'), chunk) == error);
    CHECK(wire.last("<message a='" + std::string(188, 'x'), chunk).starts_with("open"));
  }
  CHECK(wire.parsed(too_long) == error);
  const auto framer = wire.framer();
  CHECK(events_of(*framer, "<stream:stream a='" + std::string(200, 'x')).back() == error);
}

TEST_CASE("framer: rule 6: depth, elements, attributes and names are limited while parsing") {
  Wire wire;
  const auto nested = [](int depth) {
    std::string element;
    for (int level = 0; level < depth; ++level) element += "<a>";
    for (int level = 0; level < depth; ++level) element += "</a>";
    return element;
  };
  CHECK(wire.parsed(nested(32)).starts_with("<a>"));
  CHECK(wire.parsed(nested(33)) == "error policy-violation: more than 32 elements inside each other");

  wire.limits.elements_max = 10;
  const auto wide = [](int children) {
    std::string element = "<a>";
    for (int child = 0; child < children; ++child) element += "<b/>";
    return element + "</a>";
  };
  CHECK(wire.parsed(wide(9)).starts_with("<a>"));
  CHECK(wire.parsed(wide(10)) == "error policy-violation: more than 10 elements in one stanza");

  const auto attributes = [](int count, std::string_view prefix) {
    std::string element = "<a";
    for (int number = 0; number < count; ++number) {
      element.append(" ").append(prefix).append("n" + std::to_string(number) + "='v'");
    }
    return element + "/>";
  };
  CHECK(wire.parsed(attributes(64, "")).starts_with("<a n0='v'"));
  CHECK(wire.parsed(attributes(65, "")) == "error policy-violation: more than 64 attributes on one element");
  CHECK(wire.parsed("<b>" + attributes(65, "") + "</b>").starts_with("error policy-violation"));
  CHECK(wire.parsed(attributes(65, "xmlns:")).starts_with("<a>"));
  CHECK(wire.parsed(attributes(66, "xmlns:")) ==
        "error policy-violation: more than 64 namespace declarations on one element");

  const std::string name(256, 'n');
  CHECK(wire.parsed("<" + name + " " + name + "='v' xmlns='" + name + "'/>").starts_with("<nnn"));
  const std::string error = "error policy-violation: more than 256 bytes in a name";
  CHECK(wire.parsed("<n" + name + "/>") == error);
  CHECK(wire.parsed("<a n" + name + "='v'/>") == error);
  CHECK(wire.parsed("<b><a n" + name + "='v'/></b>") == error);
  CHECK(wire.parsed("<a xmlns='n" + name + "'/>") == error);
}

TEST_CASE("framer: rule 6: what is too much ends the stream at once, though its stanza goes on") {
  Wire wire;
  wire.limits.elements_max = 40;
  const auto many = [](std::string_view what, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text.append(what);
    return text;
  };
  const auto attributes = [](int count) {
    std::string text = "<message><a";
    for (int i = 0; i < count; ++i) text.append(" n" + std::to_string(i) + "='v'");
    return text;
  };
  for (const std::size_t chunk : {0, 1, 7}) {
    // Nothing of these is whole, so nothing but the open stream is told of what fits.
    CHECK(wire.last(many("<a>", 32), chunk).starts_with("open"));
    CHECK(wire.last(many("<a>", 33), chunk) ==
          "error policy-violation: more than 32 elements inside each other");
    CHECK(wire.last(many("<a>", 32) + "<b/>", chunk) ==
          "error policy-violation: more than 32 elements inside each other");
    CHECK(wire.last("<a>" + many("<b/>", 39), chunk).starts_with("open"));
    CHECK(wire.last("<a>" + many("<b/>", 39) + "<", chunk).starts_with("open"));
    CHECK(wire.last("<a>" + many("<b/>", 39) + "<c", chunk) ==
          "error policy-violation: more than 40 elements in one stanza");
    // Declarations of namespaces have a bound of their own, which only the parser can tell apart.
    CHECK(wire.last(attributes(129), chunk).starts_with("open"));
    CHECK(wire.last(attributes(130), chunk) ==
          "error policy-violation: more than 64 attributes on one element");
    CHECK(wire.last("<a " + std::string(512, 'n'), chunk).starts_with("open"));
    CHECK(wire.last("<a " + std::string(514, 'n'), chunk) ==
          "error policy-violation: more than 256 bytes in a name");
  }
  // The next stanza is counted anew.
  CHECK(wire.last("<a>" + many("<b/>", 39) + "</a><a>" + many("<b/>", 39) + "</a>").starts_with("stanza"));
}

TEST_CASE("framer: rule 7: the stream's own namespace is refused inside of the stream") {
  Wire wire;
  for (const std::string_view bytes :
       {"<stream:stream xmlns='jabber:client' version='1.0'>", "<stream:error/>",
        "<stream:", "<message><stream:stream/></message>", "<message><body><stream:x/></body></message>",
        "<x xmlns='http://etherx.jabber.org/streams'/>",
        "<message><s:features xmlns:s='http://etherx.jabber.org/streams'/></message>"}) {
    CAPTURE(bytes);
    CHECK(wire.last(bytes).starts_with("error bad-format"));
    CHECK(wire.last(bytes, 1).starts_with("error bad-format"));
  }
  CHECK(wire.last(stream_header).starts_with("error restricted-xml"));  // Its XML declaration comes first.
}

TEST_CASE("framer: rule 8: a restart forgets everything that came before it") {
  Wire wire;
  const auto framer = wire.framer();
  const std::string declaring =
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
      "xmlns:p='urn:p' version='1.0'>";
  CHECK(events_of(*framer, declaring + "<p:x/><message><body>inject").size() == 2);
  CHECK(framer->has_partial());
  framer->restart();
  CHECK_FALSE(framer->has_partial());
  // A stanza is no stream header, and the prefix was the old stream's.
  CHECK(events_of(*framer, "</body></message>").back().starts_with("error not-well-formed"));
  framer->restart();
  CHECK(events_of(*framer, stream_header).back().starts_with("open"));
  CHECK(events_of(*framer, "<p:x/>").back().starts_with("error not-well-formed"));
}

TEST_CASE("framer: rule 10: a namespace can not pretend to end early") {
  Wire wire;
  // What expat joins names with is no character of XML, in any spelling.
  CHECK(wire.last("<message><x xmlns='a\x01message'/></message>").starts_with("error not-well-formed"));
  CHECK(wire.last("<message><x xmlns='a&#1;message'/></message>").starts_with("error not-well-formed"));
  CHECK(wire.last("<message xmlns='jabber:client&#x1;x'/>").starts_with("error not-well-formed"));
  // Names keep what belongs to them.
  CHECK(wire.last("<message><x xmlns='urn:a b'/></message>") ==
        "stanza <message><x xmlns='urn:a b'/></message>");
}

TEST_CASE("framer: rule 10: a prefix that was not declared is not well-formed") {
  Wire wire;
  for (const std::string_view bytes : {"<x:message/>", "<message><x:a/></message>", "<message x:a='1'/>",
                                       "<message><a xmlns:x='u'/><x:b/></message>"}) {
    CHECK(wire.last(bytes) == "error not-well-formed: a prefix that was not declared");
  }
}

TEST_CASE("framer: rule 11: the sender is who logged in, and nobody else") {
  Wire wire;
  const auto framer = wire.framer();
  events_of(*framer, stream_header);
  framer->stamp("juliet@localhost/balcony", "en");
  CHECK(events_of(*framer, "<message to='r' from='juliet@localhost'/>").back() ==
        "stanza <message from='juliet@localhost/balcony' to='r' xml:lang='en'></message>");
  CHECK(events_of(*framer, "<message to='r' from='romeo@localhost'/>").back() ==
        "error invalid-from: \"from\" is not an address of this session");
}
