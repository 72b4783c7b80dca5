// Events for modules, out of a fuzzer's bytes: elements that are always well-formed, since the framer lets
// nothing else through, out of the words that modules know and of any others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hotline::fuzz {

// Reads the bytes from the front; zeros once they have ended.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  bool are_over() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  template <std::size_t count>
  std::string_view one_of(const std::array<std::string_view, count>& words) {
    return words[byte() % count];
  }
  std::string_view text() {
    const std::size_t size = byte();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

class EventMaker {
 public:
  explicit EventMaker(Bytes& bytes) : bytes_(bytes) {}

  // A stanza, or an element that is none.
  std::string element() {
    elements_ = 0;
    return one_element(0);
  }
  // What a client may say: printable ASCII, or a word that means something somewhere.
  std::string value() {
    if (bytes_.byte() % 4 != 0) return std::string(bytes_.one_of(values));
    std::string printable;
    for (const char c : bytes_.text()) printable.append(1, static_cast<char>(' ' + (c & 0x7f) % 95));
    return printable;
  }
  std::string path() {
    return std::string(bytes_.one_of(paths)) + (bytes_.byte() % 2 == 0 ? "" : "/" + value());
  }
  std::string_view method() { return bytes_.one_of(methods); }
  // JSON of the right shape, or not JSON at all.
  std::string body() {
    if (bytes_.byte() % 4 == 0) return std::string(bytes_.text());
    std::string json = "{";
    for (std::size_t i = bytes_.byte() % 5; i > 0; --i) {
      json.append(1, '"').append(bytes_.one_of(members)).append("\":");
      std::string quoted;
      for (const char c : value())
        if (c != '"' && c != '\\') quoted.append(1, c);
      json.append(bytes_.byte() % 4 == 0 ? "12345" : "\"" + quoted + "\"").append(i > 1 ? "," : "");
    }
    return json + "}";
  }

 private:
  static constexpr std::size_t depth_max = 6, elements_max = 24;

  std::string one_element(std::size_t depth) {
    ++elements_;
    const std::string name(depth == 0 ? bytes_.one_of(roots) : bytes_.one_of(names));
    std::string xml = "<" + name;
    const bool is_stanza = name == "iq" || name == "message" || name == "presence";
    if (!is_stanza || depth > 0) xml.append(" xmlns='").append(bytes_.one_of(namespaces)).append(1, '\'');
    unsigned attributes_written = 0;
    for (std::size_t i = bytes_.byte() % 5; i > 0; --i) {
      const std::size_t which = bytes_.byte() % attributes.size();
      if ((attributes_written & (1U << which)) != 0) continue;
      attributes_written |= 1U << which;
      xml.append(1, ' ').append(attributes[which]).append("='");
      append_escaped(xml, value());
      xml.append(1, '\'');
    }
    xml.append(1, '>');
    for (std::size_t i = bytes_.byte() % 4; i > 0 && depth < depth_max && elements_ < elements_max; --i)
      xml.append(one_element(depth + 1));
    if (bytes_.byte() % 2 == 1) append_escaped(xml, value());
    return xml.append("</").append(name).append(1, '>');
  }
  static void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
      switch (c) {
        case '&': out.append("&amp;"); break;
        case '<': out.append("&lt;"); break;
        case '>': out.append("&gt;"); break;
        case '\'': out.append("&apos;"); break;
        case '"': out.append("&quot;"); break;
        default: out.append(1, c);
      }
    }
  }

  static constexpr auto roots = std::to_array<std::string_view>(
      {"iq", "message", "presence", "iq", "auth", "response", "authenticate", "enable", "resume", "r", "a",
       "active", "inactive", "starttls", "abort"});
  static constexpr auto names = std::to_array<std::string_view>({"query",
                                                                 "x",
                                                                 "field",
                                                                 "value",
                                                                 "item",
                                                                 "block",
                                                                 "unblock",
                                                                 "vCard",
                                                                 "PHOTO",
                                                                 "BINVAL",
                                                                 "TYPE",
                                                                 "pubsub",
                                                                 "publish",
                                                                 "items",
                                                                 "retract",
                                                                 "configure",
                                                                 "publish-options",
                                                                 "subscribe",
                                                                 "create",
                                                                 "delete",
                                                                 "purge",
                                                                 "set",
                                                                 "max",
                                                                 "before",
                                                                 "after",
                                                                 "index",
                                                                 "count",
                                                                 "prefs",
                                                                 "always",
                                                                 "never",
                                                                 "jid",
                                                                 "body",
                                                                 "subject",
                                                                 "request",
                                                                 "received",
                                                                 "displayed",
                                                                 "invite",
                                                                 "decline",
                                                                 "destroy",
                                                                 "history",
                                                                 "password",
                                                                 "username",
                                                                 "remove",
                                                                 "storage",
                                                                 "conference",
                                                                 "nick",
                                                                 "reason",
                                                                 "contacts",
                                                                 "number",
                                                                 "settings",
                                                                 "visibility",
                                                                 "enable",
                                                                 "disable",
                                                                 "bind",
                                                                 "resource",
                                                                 "session",
                                                                 "ping",
                                                                 "command",
                                                                 "metadata",
                                                                 "data",
                                                                 "info",
                                                                 "hash",
                                                                 "url",
                                                                 "reference",
                                                                 "thumbnail",
                                                                 "user-agent",
                                                                 "initial-response",
                                                                 "tag",
                                                                 "resume",
                                                                 "request-token",
                                                                 "fast",
                                                                 "carbons",
                                                                 "private",
                                                                 "c",
                                                                 "show",
                                                                 "status",
                                                                 "priority",
                                                                 "error",
                                                                 "stanza-id",
                                                                 "store",
                                                                 "no-store",
                                                                 "delay",
                                                                 "forwarded",
                                                                 "message"});
  static constexpr auto namespaces =
      std::to_array<std::string_view>({"jabber:client",
                                       "jabber:iq:roster",
                                       "jabber:iq:register",
                                       "jabber:iq:private",
                                       "jabber:iq:last",
                                       "jabber:iq:version",
                                       "jabber:x:data",
                                       "jabber:x:conference",
                                       "jabber:x:oob",
                                       "vcard-temp",
                                       "vcard-temp:x:update",
                                       "storage:bookmarks",
                                       "http://jabber.org/protocol/disco#info",
                                       "http://jabber.org/protocol/disco#items",
                                       "http://jabber.org/protocol/muc",
                                       "http://jabber.org/protocol/muc#user",
                                       "http://jabber.org/protocol/muc#admin",
                                       "http://jabber.org/protocol/muc#owner",
                                       "http://jabber.org/protocol/pubsub",
                                       "http://jabber.org/protocol/pubsub#owner",
                                       "http://jabber.org/protocol/rsm",
                                       "http://jabber.org/protocol/chatstates",
                                       "http://jabber.org/protocol/caps",
                                       "urn:hotline:contacts:0",
                                       "urn:hotline:numbers:0",
                                       "urn:hotline:privacy:0",
                                       "urn:ietf:params:xml:ns:xmpp-bind",
                                       "urn:ietf:params:xml:ns:xmpp-sasl",
                                       "urn:ietf:params:xml:ns:xmpp-session",
                                       "urn:ietf:params:xml:ns:xmpp-stanzas",
                                       "urn:ietf:params:xml:ns:xmpp-tls",
                                       "urn:xmpp:bind:0",
                                       "urn:xmpp:blocking",
                                       "urn:xmpp:carbons:2",
                                       "urn:xmpp:chat-markers:0",
                                       "urn:xmpp:csi:0",
                                       "urn:xmpp:delay",
                                       "urn:xmpp:fast:0",
                                       "urn:xmpp:forward:0",
                                       "urn:xmpp:hashes:2",
                                       "urn:xmpp:hints",
                                       "urn:xmpp:http:upload:0",
                                       "urn:xmpp:mam:2",
                                       "urn:xmpp:ping",
                                       "urn:xmpp:push:0",
                                       "urn:xmpp:receipts",
                                       "urn:xmpp:sasl:2",
                                       "urn:xmpp:sfs:0",
                                       "urn:xmpp:sid:0",
                                       "urn:xmpp:sm:3",
                                       "urn:xmpp:thumbs:1",
                                       "urn:xmpp:time",
                                       "urn:xmpp:avatar:data",
                                       "urn:xmpp:avatar:metadata",
                                       "urn:example:unknown"});
  static constexpr auto attributes = std::to_array<std::string_view>(
      {"to",       "type",       "id",           "node",      "jid",     "affiliation",
       "role",     "nick",       "var",          "mechanism", "name",    "subscription",
       "filename", "size",       "content-type", "hash",      "algo",    "ver",
       "max",      "h",          "previd",       "resume",    "default", "queryid",
       "count",    "invalidate", "stamp",        "by",        "autojoin"});
  static constexpr auto values = std::to_array<std::string_view>({"get",
                                                                  "set",
                                                                  "result",
                                                                  "error",
                                                                  "chat",
                                                                  "groupchat",
                                                                  "headline",
                                                                  "normal",
                                                                  "subscribe",
                                                                  "subscribed",
                                                                  "unsubscribe",
                                                                  "unsubscribed",
                                                                  "unavailable",
                                                                  "probe",
                                                                  "invisible",
                                                                  "submit",
                                                                  "form",
                                                                  "cancel",
                                                                  "alice@localhost",
                                                                  "alice@localhost/phone",
                                                                  "bob@localhost",
                                                                  "bob@localhost/desk",
                                                                  "localhost",
                                                                  "groups.localhost",
                                                                  "room@groups.localhost",
                                                                  "room@groups.localhost/nick",
                                                                  "upload.localhost",
                                                                  "elsewhere.example",
                                                                  "@",
                                                                  "/",
                                                                  "",
                                                                  "owner",
                                                                  "admin",
                                                                  "member",
                                                                  "outcast",
                                                                  "none",
                                                                  "moderator",
                                                                  "participant",
                                                                  "visitor",
                                                                  "both",
                                                                  "from",
                                                                  "remove",
                                                                  "0",
                                                                  "1",
                                                                  "-1",
                                                                  "42",
                                                                  "4294967295",
                                                                  "18446744073709551616",
                                                                  "99999999999999999999999",
                                                                  "true",
                                                                  "false",
                                                                  "always",
                                                                  "never",
                                                                  "roster",
                                                                  "everyone",
                                                                  "contacts",
                                                                  "nobody",
                                                                  "SCRAM-SHA-256",
                                                                  "SCRAM-SHA-1",
                                                                  "PLAIN",
                                                                  "HT-SHA-256-NONE",
                                                                  "biwsbj1hbGljZSxyPWFiYw==",
                                                                  "AGFsaWNlAHNlY3JldA==",
                                                                  "=",
                                                                  "image/png",
                                                                  "sha-256",
                                                                  "sha-1",
                                                                  "a.png",
                                                                  "../../etc",
                                                                  "2014-02-24T19:03:07Z",
                                                                  "2014-02-24T19:03:07.250+01:00",
                                                                  "9999-99-99T99:99:99Z",
                                                                  "FORM_TYPE",
                                                                  "with",
                                                                  "start",
                                                                  "end",
                                                                  "before-id",
                                                                  "after-id",
                                                                  "ids",
                                                                  "urn:xmpp:mam:2",
                                                                  "jabber:iq:register",
                                                                  "urn:hotline:numbers:0",
                                                                  "http://jabber.org/protocol/muc#roomconfig",
                                                                  "muc#roomconfig_membersonly",
                                                                  "pubsub#access_model",
                                                                  "whitelist",
                                                                  "urn:xmpp:avatar:data",
                                                                  "urn:xmpp:avatar:metadata",
                                                                  "urn:xmpp:bookmarks:1",
                                                                  "current",
                                                                  "+4915123456789",
                                                                  "004915123456789",
                                                                  "4915123456789",
                                                                  "12345",
                                                                  "00000",
                                                                  "storage:bookmarks",
                                                                  "\xc3\xa4\xf0\x9f\x8e\xad",
                                                                  "'\"<>&"});
  static constexpr auto paths =
      std::to_array<std::string_view>({"/media", "/v1/code", "/v1/register", "/", "/media/..",
                                       "/.well-known/host-meta", "/.well-known/host-meta.json", "/v1"});
  static constexpr auto methods =
      std::to_array<std::string_view>({"GET", "HEAD", "PUT", "POST", "OPTIONS", "DELETE", "PATCH"});
  static constexpr auto members =
      std::to_array<std::string_view>({"number", "method", "pin", "key", "language", "unknown"});

  Bytes& bytes_;
  std::size_t elements_ = 0;
};

}  // namespace hotline::fuzz
