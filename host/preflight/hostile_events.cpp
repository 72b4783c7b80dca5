#include "preflight/hostile_events.h"

#include <array>
#include <initializer_list>

namespace hotline::preflight {

namespace {

using sdk::FakeHost;
using sdk::Status;

constexpr std::size_t huge_bytes = 60'000;  // A stanza is bounded at 64 KiB by default.
constexpr std::size_t line_bytes = 8'192;   // As a line is.
constexpr std::size_t many_children = 500;
constexpr std::size_t depth_tried = 30;
const std::string not_utf8("\xff\xc0\x80\xed\xa0\x80\x00\x01 \xf5", 10);
constexpr std::uint32_t unknown_topic = 0x7fff'0001;
constexpr std::uint32_t topics_tried = 24;

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// The attributes of a root, besides `to`, in all the ways in which they may be wrong.
std::vector<std::string> wrong_attributes() {
  return {"",
          " id=''",
          " type=''",
          " id='' type='' xml:lang=''",
          " id='h' type='nonsense'",
          " id='h' type='result'",
          " id='h' type='error'",
          " id='h' type='GET'",
          " id='h' type='" + std::string(huge_bytes, 't') + "'",
          " type='get' id='" + std::string(huge_bytes, 'i') + "'",
          " type='set' id='&lt;&apos;&quot;&amp;&gt;' unknown='1'"};
}

// What may be inside an element of that name and namespace; the first child decides an iq's route, so it
// keeps its namespace there.
std::vector<std::string> wrong_payloads(const std::string& ns) {
  const std::string in = " xmlns='" + ns + "'";
  const std::string elsewhere = " xmlns='urn:example:elsewhere'";
  return {"<x" + in + "/>",
          "<query" + in + "><unknown/></query>",
          "<query" + in + "><item" + elsewhere + "/></query>",
          "<query" + in + ">text where none belongs</query>",
          "<query" + in + "><item/><item jid='' name='' subscription=''/></query>",
          "<query" + in + "><item jid='@' name='&#x1F4A9;' subscription='both'/></query>",
          "<query" + in + "><item jid='" + std::string(huge_bytes, 'j') + "'/></query>",
          "<query" + in + " h='-1' max='4294967296' previd='99999999999999999999' resume='maybe'/>",
          "<query" + in + " h='0x10' max=' 1' previd='' resume='TRUE' mechanism='NONE'>====</query>",
          "<query" + in + "><username/><password/></query>",
          "<query" + in + "><username>" + std::string(huge_bytes, 'u') +
              "</username><password>p</password></query>",
          "<query" + in + "><username>a b/c@d</username><password>&#x9;</password><remove/></query>",
          "<query" + in + ">" + repeated("<item jid='a@localhost'/>", many_children) + "</query>",
          "<query" + in + ">" + repeated("<a>", depth_tried) + repeated("</a>", depth_tried) + "</query>",
          "<query" + in + "/><second" + elsewhere + "/><third" + in + "/>"};
}

std::string far_address(AddressClass address) {
  switch (address) {
    case AddressClass::none:
    case AddressClass::self: return "";
    case AddressClass::domain: return " to='localhost'";
    case AddressClass::full: return " to='bert@localhost/nobody'";
    case AddressClass::bare: return " to='nobody@localhost'";
    case AddressClass::any: break;
  }
  return " to='bert@elsewhere.example'";
}

std::vector<std::string> wrong_elements(const Route& route, const std::string& to) {
  const std::string ns = route.ns == "*" ? "urn:example:preflight" : route.ns;
  std::vector<std::string> elements;
  if (route.kind == Stanza::Kind::nonza) {
    const std::string in = " xmlns='" + ns + "'";
    for (const char* const name :
         {"x", "auth", "response", "abort", "enable", "resume", "a", "r", "starttls"})
      for (const char* const rest :
           {"/>", " mechanism='' h='' previd=''/>", " mechanism='NONE' h='-1' previd='0' max='x'>=</",
            " mechanism='PLAIN' h='4294967296' previd='99999999999999999999'>AAAA</",
            " mechanism='SCRAM-SHA-1'>biws</", " mechanism='PLAIN'>AGEAYg==</"}) {
        const std::string text = "<" + std::string(name) + in + rest;
        elements.push_back(text.ends_with("</") ? text + name + ">" : text);
      }
    return elements;
  }
  const std::string name(name_of(route.kind));
  const bool is_iq = route.kind == Stanza::Kind::iq;
  const std::string start = "<" + name + to, end = "</" + name + ">";
  const std::string payload_of_it = is_iq ? "<query xmlns='" + ns + "'/>" : "<body/>";
  const auto add = [&](const std::string& attributes, const std::string& payload) {
    elements.push_back(joined({start, attributes, ">", payload, end}));
  };
  for (const std::string& attributes : wrong_attributes()) add(attributes, payload_of_it);
  for (const char* const type : {"get", "set", "chat", "subscribe", "error", "groupchat"})
    for (const std::string& payload : wrong_payloads(is_iq ? ns : "jabber:client"))
      add(joined({" id='h' type='", type, "'"}), payload);
  return elements;
}

std::string shown(const std::string& text) {
  constexpr std::size_t shown_max = 90;
  return text.size() <= shown_max ? text : text.substr(0, shown_max) + "…";
}

void add_hostile_elements(const Manifest& manifest, const Cast& cast, std::vector<SyntheticEvent>& events) {
  for (const Route& route : manifest.routes)
    for (const std::string& xml : wrong_elements(route, far_address(route.address)))
      events.push_back(
          {"on_stanza for " + route.text() + ", given " + shown(xml),
           [=, when = route.when](FakeHost& host) { return offer_element(host, cast, when, xml); }});
  for (const std::string& service : manifest.services)
    for (const Route& route : service_routes())
      for (const std::string& address : service_addresses(service))
        for (const std::string& xml : wrong_elements(route, " to='" + address + "'"))
          events.push_back({"on_stanza for service " + service + ", given " + shown(xml),
                            [=](FakeHost& host) { return offer_element(host, cast, When::bound, xml); }});
}

void add_stream_headers(const Cast& cast, std::vector<SyntheticEvent>& events) {
  const std::string huge(huge_bytes, 's');
  for (const std::string& to : {std::string(), std::string("elsewhere.example"), huge})
    events.push_back({"on_stream for a header to `" + shown(to) + "`", [=](FakeHost& host) {
                        return host.stream_event({sizeof(hl_stream_event), HL_STREAM_OPENED, cast.stranger,
                                                  sdk::fake::member(to), sdk::str(""), sdk::str("")});
                      }});
}

// Names and numbers that parameters of commands have; whatever else is in the object, a module passes over.
std::vector<std::string> wrong_parameters() {
  std::vector<std::string> all{"{}", R"({"unknown":[{"a":null}]})",
                               repeated(R"({"account":)", depth_tried) + "1" + repeated("}", depth_tried)};
  const std::string huge = "\"" + std::string(huge_bytes, 'p') + "\"";
  for (const std::string& value :
       {std::string("null"), std::string("true"), std::string("[]"), std::string("{}"), std::string("\"\""),
        std::string("-1"), std::string("1e400"), std::string("0.5"), std::string("18446744073709551616"),
        std::string("-9223372036854775809"), std::string(R"("\u0000\ud800 @/")"), huge}) {
    std::string object;
    for (const char* const key : {"account", "name", "password", "count", "limit", "number", "after", "text",
                                  "key", "value", "prefix"})
      object += std::string(object.empty() ? "{\"" : ",\"") + key + "\":" + value;
    all.push_back(object + "}");
  }
  return all;
}

void add_hostile_commands(const Manifest& manifest, std::vector<SyntheticEvent>& events) {
  for (const CommandClaim& command : manifest.commands)
    for (const std::string& json : wrong_parameters())
      events.push_back({"on_command for " + command.name + ", given " + shown(json), [=](FakeHost& host) {
                          const std::string account = command.is_everywhere ? "" : "anna@localhost";
                          return host.command_event({sizeof(hl_command_event), 0, 1, sdk::str(command.name),
                                                     sdk::fake::member(account), sdk::str(json)});
                        }});
}

void add_hostile_lines(const Manifest& manifest, const Cast& cast, std::vector<SyntheticEvent>& events) {
  for (const std::string& listener : manifest.lines)
    for (const std::string& line : {std::string(), std::string(line_bytes, 'l'), std::string("\0\t\x7f", 3),
                                    std::string("\xf0\x9f\x92\xa9 %n%s -1")})
      events.push_back({"on_line for " + listener + ", given `" + shown(line) + "`",
                        [=](FakeHost& host) { return host.line(cast.stranger, listener, line); }});
}

void add_hostile_requests(const Manifest& manifest, std::vector<SyntheticEvent>& events) {
  const std::string huge(huge_bytes, 'h');
  std::vector<std::string> bodies = wrong_parameters();
  for (const std::string& more : {std::string(), not_utf8, huge, std::string("{\"number\":\"") + huge + "\"}",
                                  std::string(R"({"number":"+491711234567","pin":"","method":""})")})
    bodies.push_back(more);
  for (const HttpClaim& claim : manifest.http) {
    for (const std::string& body : bodies)
      for (const char* const type : {"application/json", "text/plain", ""})
        events.push_back({"on_request for " + claim.text() + ", given " + shown(body), [=](FakeHost& host) {
                            return offer_request(host, {.method = claim.method,
                                                        .path = claim.path,
                                                        .body = body,
                                                        .fields = {{"content-type", type}}});
                          }});
    for (const std::string& peer : {std::string(), std::string("local"), std::string("::1"), huge})
      events.push_back(
          {"on_request for " + claim.text() + " of a peer that is odd", [=](FakeHost& host) {
             return offer_request(
                 host, {.method = claim.method, .path = claim.path + "/more", .peer = peer, .flags = 0});
           }});
  }
}

// What a generation meets after a rollback: words and timers of the one that was before it.
void add_words_of_another(const Manifest& manifest, std::vector<SyntheticEvent>& events) {
  const std::string module = manifest.name;
  for (const std::string& bytes : {std::string(), not_utf8})
    events.push_back({"on_post of a topic that it never posts", [=](FakeHost& host) {
                        return host.post(module, "anna@localhost", unknown_topic, bytes);
                      }});
  for (const std::string& key : {std::string(), std::string("of another generation")})
    events.push_back({"on_timer of a key that it never sets", [=](FakeHost& host) {
                        host.state().timers[module][{"anna@localhost", key}] = {host.now_us / 1000, not_utf8};
                        return HL_OK;
                      }});
  events.push_back(
      {"on_work of a token that it never gave", [=](FakeHost& host) {
         host.state().work.push_back({module, HL_DIGEST_SHA1, "p", "s", 1, "anna@localhost", not_utf8});
         return HL_OK;
       }});
}

void add_hostile_entries(const Cast& cast, std::vector<SyntheticEvent>& events) {
  for (const char* const xml :
       {"<message></message>", "<message from='' to='' id='' type=''><body></body></message>",
        "<message type='error' id='e'></message>"})
    for (const bool expires : {false, true})
      events.push_back(
          {std::string(expires ? "on_expiry" : "on_drain") + " of an entry with unknown flags, " + xml,
           [=](FakeHost& host) {
             host.state().mailboxes["bert@localhost"][host.state().next_handle++] = {
                 .xml = xml, .tag = 0, .flags = 0xffff'ffff, .stored_wall_ms = 0, .holder = 0};
             if (expires)
               host.expire("bert@localhost");
             else
               host.drain(cast.bert);
             return HL_OK;
           }});
}

}  // namespace

std::vector<SyntheticEvent> hostile_events(const Manifest& manifest, const Cast& cast) {
  std::vector<SyntheticEvent> events;
  add_hostile_elements(manifest, cast, events);
  if (manifest.wants_stream) add_stream_headers(cast, events);
  add_hostile_commands(manifest, events);
  add_hostile_lines(manifest, cast, events);
  add_hostile_requests(manifest, events);
  add_words_of_another(manifest, events);
  if (manifest.drains) add_hostile_entries(cast, events);
  return events;
}

std::vector<SyntheticEvent> damaged_events(const Manifest& manifest, const Cast& cast) {
  std::vector<SyntheticEvent> events;
  const std::string module = manifest.name;
  for (std::uint32_t topic = 0; topic < topics_tried; ++topic)
    for (const std::string& bytes :
         {std::string(), std::string("\0", 1), not_utf8, std::string(huge_bytes, '9')})
      events.push_back({"on_post of topic " + std::to_string(topic) + " with bytes that mean nothing",
                        [=](FakeHost& host) { return host.post(module, "anna@localhost", topic, bytes); }});
  for (const std::string& bytes : {std::string("\xff"), not_utf8, std::string(4'096, '0')})
    events.push_back({"on_stanza on a stream whose scratch means nothing", [=](FakeHost& host) {
                        host.state().streams.at(cast.stranger).scratch = bytes;
                        for (const Route& route : manifest.routes)
                          if (route.when == When::before_login)
                            for (const std::string& xml : wrong_elements(route, far_address(route.address)))
                              (void)host.receive(cast.stranger, xml);
                        return HL_OK;
                      }});
  return events;
}

}  // namespace hotline::preflight
