// The canonical serialisation and the index of a stanza (base/stanza.h), as the parser makes them.
#include <doctest/doctest.h>

#include "framer_fixture.h"

using namespace hotline;
using hotline::test::Wire;

namespace {

Ref<const Stanza> stanza_of(Wire& wire, std::string_view element) {
  XmlParser::Outcome outcome = wire.parser.parse(element, wire.limits, {});
  REQUIRE_MESSAGE(outcome.stanza, outcome.text);
  return outcome.stanza;
}

}  // namespace

TEST_CASE("stanza: its index says what a message is made of") {
  Wire wire;
  const auto stanza = stanza_of(wire,
                                "<message to='b@x' type=\"chat\" id='1' xml:lang='de'><body>a &lt; b</body>"
                                "<x xmlns='urn:x'><y a='1'/>t<z/></x></message>");
  CHECK(stanza->kind() == Stanza::Kind::message);
  CHECK(stanza->node_count() == 5);
  CHECK(stanza->name(0) == "message");
  CHECK(stanza->ns(0) == "jabber:client");
  CHECK(stanza->attr(0, "to") == "b@x");
  CHECK(stanza->attr(0, "type") == "chat");
  CHECK(stanza->attr(0, "xml:lang") == "de");
  CHECK(stanza->attr(0, "lang").data() == nullptr);
  CHECK(stanza->attr(0, "from").data() == nullptr);
  CHECK(stanza->text(1) == "a < b");
  CHECK(stanza->first_child(0) == 1);
  CHECK(stanza->next_sibling(1) == 2);
  CHECK(stanza->next_sibling(2) == Stanza::none);
  CHECK(stanza->child(0, "urn:x", "x") == 2);
  CHECK(stanza->child(0, "", "x") == 2);
  CHECK(stanza->child(0, "urn:x", "") == 2);
  CHECK(stanza->child(0, "urn:y", "x") == Stanza::none);
  CHECK(stanza->ns(3) == "urn:x");
  CHECK(stanza->attr(3, "a") == "1");
  CHECK(stanza->text(2) == "t");
  CHECK(stanza->next_sibling(3) == 4);
  CHECK(stanza->xml(1) == "<body>a &lt; b</body>");
  CHECK(stanza->xml(2) == "<x xmlns='urn:x'><y a='1'/>t<z/></x>");
  CHECK(stanza->inner() == "<body>a &lt; b</body><x xmlns='urn:x'><y a='1'/>t<z/></x>");
}

TEST_CASE("stanza: an empty attribute is there, a missing one is not") {
  Wire wire;
  const auto stanza = stanza_of(wire, "<iq id='' type='get'/>");
  CHECK(stanza->attr(0, "id").data() != nullptr);
  CHECK(stanza->attr(0, "id").empty());
  CHECK(stanza->attr(0, "to").data() == nullptr);
}

TEST_CASE("stanza: canonical bytes have one form") {
  Wire wire;
  CHECK(wire.parsed("<message/>") == "<message></message>");
  CHECK(wire.parsed("<message\n to = \"b\" ></message >") == "<message to='b'></message>");
  CHECK(wire.parsed("<message><body></body></message>") == "<message><body/></message>");
  CHECK(wire.parsed("<message a='&#39;&quot;&amp;&lt;>'/>") ==
        "<message a='&apos;&quot;&amp;&lt;&gt;'></message>");
  CHECK(wire.parsed("<message><body>&#39;\"&amp;&lt;></body></message>") ==
        "<message><body>&apos;&quot;&amp;&lt;&gt;</body></message>");
  CHECK(wire.parsed("<message><body><![CDATA[<b>&amp;</b>]]></body></message>") ==
        "<message><body>&lt;b&gt;&amp;amp;&lt;/b&gt;</body></message>");
  CHECK(wire.parsed("<message a='1&#9;2&#10;3&#13;4\t5'><b>\r\n&#13;\t</b></message>") ==
        "<message a='1&#9;2&#10;3&#13;4 5'><b>\n&#13;\t</b></message>");
  CHECK(wire.parsed("<message><x:y xmlns:x='urn:x'><x:z/></x:y></message>") ==
        "<message><y xmlns='urn:x'><z/></y></message>");
  CHECK(wire.parsed("<message><a xmlns='urn:x'><b xmlns='jabber:client'/></a></message>") ==
        "<message><a xmlns='urn:x'><b xmlns='jabber:client'/></a></message>");
  CHECK(wire.parsed("<message><a xmlns=''/></message>") == "<message><a xmlns=''/></message>");
  CHECK(wire.parsed("<message xmlns='jabber:client' xmlns:unused='urn:u'/>") == "<message></message>");
  CHECK(wire.parsed("<a xmlns='urn:x'><b/></a>") == "<a xmlns='urn:x'><b xmlns='urn:x'/></a>");
  CHECK(wire.parsed("<message p:a='1' q:b='2' c='3' p:d='4' xmlns:p='urn:p' xmlns:q='urn:q'/>") ==
        "<message xmlns:a0='urn:p' a0:a='1' xmlns:a1='urn:q' a1:b='2' c='3' a0:d='4'></message>");
  CHECK(wire.parsed("<x xmlns='urn:a&amp;b'/>") == "<x xmlns='urn:a&amp;b'></x>");
}

TEST_CASE("stanza: text is joined across children and escapes") {
  Wire wire;
  const auto stanza = stanza_of(wire, "<message>a<x/>b&amp;<y>it&apos;s</y>c<z k='&lt;'/>d<z/></message>");
  CHECK(stanza->text(0) == "ab&cd");
  CHECK(stanza->text(2) == "it's");
  CHECK(stanza->attr(3, "k") == "<");
  CHECK(stanza->text(1).empty());
}

TEST_CASE("stanza: only message, presence and iq of jabber:client are stanzas") {
  Wire wire;
  CHECK(stanza_of(wire, "<presence/>")->kind() == Stanza::Kind::presence);
  CHECK(stanza_of(wire, "<iq/>")->kind() == Stanza::Kind::iq);
  CHECK(stanza_of(wire, "<x/>")->kind() == Stanza::Kind::nonza);
  CHECK(stanza_of(wire, "<message xmlns='jabber:server'/>")->kind() == Stanza::Kind::nonza);
  CHECK(stanza_of(wire, "<message xmlns=''/>")->kind() == Stanza::Kind::nonza);
  CHECK(stanza_of(wire, "<r xmlns='urn:xmpp:sm:3'/>")->kind() == Stanza::Kind::nonza);
}

TEST_CASE("stanza: parsing canonical bytes gives the same bytes and the same index") {
  Wire wire;
  const std::vector<std::string_view> names = {"a", "b", "c", "to", "from", "xml:lang", "id"};
  for (const std::string_view element : {
           "<message to='b@x' xml:lang='de' id='1'><body>it's &lt; \"&#13;&#10;\"</body></message>",
           "<a xmlns='urn:x&amp;y' a='&#9;'><b xmlns='' a='1'><c xmlns='jabber:client'/></b>t<b/>&amp;u</a>",
           "<message p:a='1' a='2' xml:space='preserve' xmlns:p='urn:p'><p:q p:a='3'/></message>",
           "<iq><query xmlns='jabber:iq:roster'><item b=''/> <item c=']]&gt;'/>\n</query></iq>",
           "<presence>\xf0\x9f\x98\x80\xef\xbf\xbd<a/>\xc3\xa4</presence>",
       }) {
    const auto first = stanza_of(wire, element);
    const auto second = stanza_of(wire, first->bytes());
    CHECK(first->bytes() == second->bytes());
    CHECK(hotline::test::index_of(*first, names) == hotline::test::index_of(*second, names));
  }
}

TEST_CASE("stanza: children of the root stand alone") {
  Wire wire;
  const auto outer = stanza_of(wire, "<a xmlns='urn:x'><b><c/></b></a>");
  CHECK(outer->xml(1) == "<b xmlns='urn:x'><c/></b>");
  CHECK(stanza_of(wire, outer->xml(1))->ns(0) == "urn:x");
}
