// Xml, Jid, JSON and timestamps of the SDK.
#include <doctest/doctest.h>

#include <hotline/jid.hpp>
#include <hotline/json.hpp>
#include <hotline/timestamp.hpp>
#include <hotline/xml.hpp>
#include <string>

using namespace hotline::sdk;

TEST_CASE("xml: what is written is canonical, and escaped in attributes and text") {
  Xml xml;
  xml.open("message").attr("to", "a'b@c").attr("n", 7u).attr("id", std::string_view{});
  xml.leaf("body", "1 < 2 & \"x\" > 'y'")
      .empty("active", "http://jabber.org/protocol/chatstates")
      .raw("<z/>");
  CHECK(xml.take() ==
        "<message to='a&apos;b@c' n='7'><body>1 &lt; 2 &amp; &quot;x&quot; &gt; &apos;y&apos;</body>"
        "<active xmlns='http://jabber.org/protocol/chatstates'/><z/></message>");
}

TEST_CASE("xml: a root without content keeps an end tag, a child without content has none") {
  CHECK(Xml().open("r", "urn:xmpp:sm:3").take() == "<r xmlns='urn:xmpp:sm:3'></r>");
  CHECK(Xml().open("a").empty("b").take() == "<a><b/></a>");
  CHECK(Xml().open("a").text("").take() == "<a></a>");
}

TEST_CASE("xml: an error goes back where the stanza came from") {
  hl_stanza iq{};
  iq.kind = HL_STANZA_IQ;
  iq.name = str("iq");
  iq.to = str("localhost");
  iq.from = str("a@localhost/x");
  iq.id = str("q&1");
  iq.type = str("get");
  CHECK(stanza_error(iq, "cancel", "item-not-found", "no <such> thing") ==
        "<iq from='localhost' to='a@localhost/x' id='q&amp;1' type='error'><error type='cancel'>"
        "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>no &lt;such&gt; thing</text>"
        "</error></iq>");
  CHECK(iq_result(iq) == "<iq from='localhost' to='a@localhost/x' id='q&amp;1' type='result'></iq>");
  CHECK(is_answerable(iq));
  iq.type = str("result");
  CHECK_FALSE(is_answerable(iq));
  iq.type = str("error");
  CHECK_FALSE(is_answerable(iq));
}

TEST_CASE("jid: an address is cut at its first slash and its at sign") {
  const auto full = Jid::parse("romeo@example.net/orchard/west@home");
  REQUIRE(full);
  CHECK(full->local == "romeo");
  CHECK(full->domain == "example.net");
  CHECK(full->resource == "orchard/west@home");
  CHECK(full->bare() == "romeo@example.net");
  CHECK_FALSE(full->is_bare());
  const auto domain = Jid::parse("example.net");
  REQUIRE(domain);
  CHECK(domain->local.empty());
  CHECK(domain->bare() == "example.net");
  CHECK(compose_jid("a", "b", "c") == "a@b/c");
  CHECK(compose_jid({}, "b") == "b");
}

TEST_CASE("jid: an empty or oversized part is no address") {
  for (const std::string_view text : {"", "@", "@b", "a@", "a@b/", "/c", "a@b@c"}) {
    CAPTURE(text);
    CHECK_FALSE(Jid::parse(text));
  }
  CHECK(Jid::parse(std::string(1023, 'a') + "@b/" + std::string(1023, 'c')));
  CHECK_FALSE(Jid::parse(std::string(1024, 'a') + "@b"));
  CHECK_FALSE(Jid::parse(std::string(1024, 'b')));
  CHECK_FALSE(Jid::parse("a@b/" + std::string(1024, 'c')));
}

TEST_CASE("json: members of a flat object are found by kind") {
  const std::string json = R"( {"a":"x\"\\\n\u00e4\ud83d\ude00", "n" : -12, "t":true, "e":""} )";
  CHECK(json_string(json, "a") == "x\"\\\n\xc3\xa4\xf0\x9f\x98\x80");
  CHECK(json_number(json, "n") == -12);
  CHECK(json_string(json, "e") == "");
  CHECK_FALSE(json_string(json, "n"));
  CHECK_FALSE(json_number(json, "a"));
  CHECK_FALSE(json_number(json, "t"));
  CHECK_FALSE(json_string(json, "absent"));
}

TEST_CASE("json: what is not a flat object has no members") {
  for (const std::string_view json : {"", "{", R"({"a":"x")", R"(["a"])", R"({"a":{"b":1}})",
                                      R"({"a":"\ud800"})", R"({"a":"\x"})", "{\"a\":\"\n\"}", R"({a:"x"})"}) {
    CAPTURE(json);
    CHECK_FALSE(json_string(json, "a"));
  }
}

TEST_CASE("json: a string is written so that it reads back") {
  std::string out;
  append_json_string(out, "a\"\\\n\x01\xc3\xa4");
  CHECK(out == "\"a\\\"\\\\\\u000a\\u0001\xc3\xa4\"");
  CHECK(json_string("{\"k\":" + out + "}", "k") == "a\"\\\n\x01\xc3\xa4");
}

TEST_CASE("timestamp: moments are written as XEP-0082 has them") {
  CHECK(timestamp(0) == "1970-01-01T00:00:00.000Z");
  CHECK(timestamp(951'782'399'999) == "2000-02-28T23:59:59.999Z");
  CHECK(timestamp(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(timestamp(1'393'268'645'250) == "2014-02-24T19:04:05.250Z");
  CHECK(timestamp(4'102'444'800'000) == "2100-01-01T00:00:00.000Z");
}
