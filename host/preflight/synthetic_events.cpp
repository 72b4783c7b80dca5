#include "preflight/synthetic_events.h"

namespace hotline::preflight {

namespace {

using sdk::FakeHost;
using sdk::Status;

constexpr const char* anna_account = "anna@localhost";
constexpr const char* bert_account = "bert@localhost";
constexpr std::size_t long_body_bytes = 60'000;

std::string attribute(const std::string& name, const std::string& value) {
  return value.empty() ? "" : " " + name + "='" + value + "'";
}

std::string to_of(AddressClass address) {
  switch (address) {
    case AddressClass::none:
    case AddressClass::self: return "";
    case AddressClass::domain: return "localhost";
    case AddressClass::full: return "bert@localhost/desk";
    case AddressClass::bare:
    case AddressClass::any: break;
  }
  return "bert@localhost";
}

// Elements that reach the route, from the plainest to the longest.
std::vector<std::string> elements_of(const Route& route, const std::string& address) {
  const std::string to = attribute("to", address);
  const std::string ns = route.ns == "*" ? "urn:example:preflight" : route.ns;
  switch (route.kind) {
    case Stanza::Kind::message:
      return {"<message" + to + " id='p1'/>",
              "<message" + to + " id='p2' type='chat'><body>preflight</body></message>",
              "<message" + to + " id='p3' type='chat'><body>" + std::string(long_body_bytes, 'x') +
                  "</body></message>"};
    case Stanza::Kind::presence:
      return {"<presence" + to + "/>", "<presence" + to + " id='p2'><show>away</show></presence>",
              "<presence" + to + " type='unavailable'/>"};
    case Stanza::Kind::iq:
      return {"<iq" + to + " id='p1' type='get'><query xmlns='" + ns + "'/></iq>",
              "<iq" + to + " id='p2' type='set'><query xmlns='" + ns + "'/></iq>"};
    case Stanza::Kind::nonza: return {"<x xmlns='" + ns + "'/>"};
  }
  return {};
}

void add_routes(const Manifest& manifest, const Cast& cast, std::vector<SyntheticEvent>& events) {
  for (const Route& route : manifest.routes)
    for (const std::string& xml : elements_of(route, to_of(route.address)))
      events.push_back({"on_stanza for " + route.text(), [=, when = route.when](FakeHost& host) {
                          return offer_element(host, cast, when, xml);
                        }});
  for (const std::string& service : manifest.services)
    for (const Route& route : service_routes())
      for (const std::string& to : service_addresses(service))
        for (const std::string& xml : elements_of(route, to))
          events.push_back({"on_stanza for service " + service + ", " + route.text(),
                            [=](FakeHost& host) { return offer_element(host, cast, When::bound, xml); }});
}

// What they answer is in FakeHost::failed.
void add_session_events(const Cast& cast, std::vector<SyntheticEvent>& events) {
  events.push_back({"on_session for a session that is detached, resumed and ends", [=](FakeHost& host) {
                      const hl_stream stream = host.stream_of(cast.bert);
                      host.state().sessions.at(cast.bert).resume_s = 60;
                      host.disconnect(stream);
                      host.state().streams.at(stream).is_open = true;
                      host.state().sessions.at(cast.bert).stream = stream;
                      host.state().session_words.push_back({HL_SESSION_RESUMED, cast.bert, 0});
                      host.end(cast.bert);
                      return HL_OK;
                    }});
  events.push_back({"on_session for a quiet one", [=](FakeHost& host) {
                      host.grow_quiet(cast.bert, 60);
                      return HL_OK;
                    }});
}

void put_entry(FakeHost& host) {
  const hl_entry number = host.state().next_handle++;
  host.state().mailboxes[bert_account][number] = {
      .xml =
          "<message from='anna@localhost/phone' to='bert@localhost' id='p1' "
          "type='chat'><body>preflight</body></message>",
      .stored_wall_ms = host.wall_ms};
}

void add_drain_events(const Cast& cast, std::vector<SyntheticEvent>& events) {
  events.push_back({"on_drain", [=](FakeHost& host) {
                      put_entry(host);
                      host.drain(cast.bert);
                      return HL_OK;
                    }});
  events.push_back({"on_expiry", [](FakeHost& host) {
                      put_entry(host);
                      host.expire(bert_account);
                      return HL_OK;
                    }});
}

}  // namespace

std::vector<Route> service_routes() {
  return {{Stanza::Kind::message, "", AddressClass::any, When::bound},
          {Stanza::Kind::presence, "", AddressClass::any, When::bound},
          {Stanza::Kind::iq, "*", AddressClass::any, When::bound}};
}

std::vector<std::string> service_addresses(const std::string& service) {
  const std::string domain = service + ".localhost";
  return {domain, "preflight@" + domain, "preflight@" + domain + "/anna"};
}

Status offer_element(FakeHost& host, const Cast& cast, When when, const std::string& xml) {
  switch (when) {
    case When::before_login: return host.receive(cast.stranger, xml);
    case When::before_bind: return host.receive(cast.newcomer, xml);
    case When::bound: break;
  }
  return host.stanza(cast.anna, xml);
}

Status offer_request(FakeHost& host, const FakeHost::HttpAsk& ask) {
  const hl_request number = host.state().next_handle++;
  host.state().requests[number];
  return host.request_event(ask, number);
}

Cast Cast::on(FakeHost& host) {
  Cast cast;
  cast.anna = host.login(anna_account, "phone");
  cast.bert = host.login(bert_account, "desk");
  cast.stranger = host.connect();
  sdk::fake::Stream known;
  known.account = "carl@localhost";
  cast.newcomer = host.connect(known);
  return cast;
}

std::vector<SyntheticEvent> synthetic_events(const Manifest& manifest, const Cast& cast) {
  std::vector<SyntheticEvent> events;
  add_routes(manifest, cast, events);
  if (manifest.wants_stream)
    events.push_back({"on_stream", [=](FakeHost& host) { return host.open_stream(cast.stranger); }});
  for (const std::string& line : manifest.lines)
    events.push_back(
        {"on_line for " + line, [=](FakeHost& host) { return host.line(cast.stranger, line, "preflight"); }});
  for (const HttpClaim& claim : manifest.http)
    events.push_back({"on_request for " + claim.text(), [=](FakeHost& host) {
                        return offer_request(host,
                                             {.method = claim.method, .path = claim.path, .body = "{}"});
                      }});
  for (const CommandClaim& command : manifest.commands)
    events.push_back({"on_command for " + command.name, [=](FakeHost& host) {
                        const std::string account = command.is_everywhere ? "" : anna_account;
                        return host.command_event({sizeof(hl_command_event), 0, 1, sdk::str(command.name),
                                                   sdk::fake::member(account), sdk::str("{}")});
                      }});
  if (manifest.wants_sessions) add_session_events(cast, events);
  if (manifest.drains) add_drain_events(cast, events);
  return events;
}

}  // namespace hotline::preflight
