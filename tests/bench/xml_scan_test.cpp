#include "xml_scan.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hotline::bench;
using Kind = StanzaSplitter::Kind;

namespace {

struct Seen {
  Kind kind;
  std::string text;
  bool operator==(const Seen&) const = default;
};

void drain(StanzaSplitter& splitter, std::vector<Seen>& into) {
  for (auto piece = splitter.next(); piece.kind != Kind::none; piece = splitter.next()) {
    into.push_back({piece.kind, std::string(piece.text)});
  }
}

const std::string header = "<stream:stream xmlns='jabber:client' id='a>b' version=\"1.0\">";
const std::string features =
    "<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const std::string message = "<message from='a@b' type='chat'><body>x &lt; y</body><r xmlns='u'/></message>";
const std::string ack = "<a xmlns='urn:xmpp:sm:3' h='17'/>";

}  // namespace

TEST_CASE("xml_scan: a stream cut anywhere gives the same pieces") {
  const std::string stream =
      "<?xml version='1.0'?>" + header + features + "\n " + message + ack + message + "</stream:stream>";
  const std::vector<Seen> expected{{Kind::header, header},  {Kind::stanza, features},
                                   {Kind::stanza, message}, {Kind::stanza, ack},
                                   {Kind::stanza, message}, {Kind::end, "</stream:stream>"}};
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    StanzaSplitter splitter;
    std::vector<Seen> seen;
    splitter.feed(std::string_view(stream).substr(0, first));
    drain(splitter, seen);
    splitter.feed(std::string_view(stream).substr(first));
    drain(splitter, seen);
    CHECK(seen == expected);
  }
  StanzaSplitter splitter;
  std::vector<Seen> seen;
  for (const char c : stream) {
    splitter.feed({&c, 1});
    drain(splitter, seen);
  }
  CHECK(seen == expected);
}

TEST_CASE("xml_scan: names, attributes and texts") {
  CHECK(element_name(message) == "message");
  CHECK(element_name("<a/>") == "a");
  CHECK(attribute(message, "type") == "chat");
  CHECK(attribute(message, "xmlns") == "");
  CHECK(attribute("<x bid='1' id=\"2\"/>", "id") == "2");
  CHECK(child_text(message, "body") == "x &lt; y");
  CHECK(child_text(message, "bod") == "");
  CHECK(child_text("<m><body/></m>", "body") == "");
  CHECK(own_text("<challenge xmlns='u'>abc=</challenge>") == "abc=");
  CHECK(has_child(features, "mechanism"));
  CHECK_FALSE(has_child(features, "starttls"));
  CHECK(escape("<&'\">a") == "&lt;&amp;&apos;&quot;&gt;a");
}
