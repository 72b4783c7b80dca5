// What the tests of groups share: a fake host with the module, accounts and a room.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "presence/session_fields.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::groups_test {

using Lines = std::vector<std::string>;

struct World {
  sdk::FakeHost host;

  World() { host.load(hl_module); }
  hl_session online(const std::string& account, const std::string& resource = "phone", int priority = 0) {
    const hl_session session = host.login(account + "@localhost", resource);
    host.set_field(session, session_fields::priority, session_fields::encode_priority(priority));
    return session;
  }
  void say(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
  }
  Lines sent(hl_session session) { return host.sent(session); }
  void forget_sent() {
    for (auto& [number, stream] : host.state().streams) stream.sent.clear();
  }
  // What the session was sent since, in answer to this.
  Lines ask(hl_session from, std::string_view xml) {
    sent(from);
    say(from, xml);
    return sent(from);
  }

  Lines enter(hl_session session, std::string_view nick, std::string_view inside = {}) {
    return ask(session, "<presence to='room@groups.localhost/" + std::string(nick) +
                            "'><x xmlns='http://jabber.org/protocol/muc'>" + std::string(inside) +
                            "</x></presence>");
  }
  void leave(hl_session session, std::string_view nick) {
    say(session, "<presence to='room@groups.localhost/" + std::string(nick) + "' type='unavailable'/>");
  }
  Lines speak(hl_session session, std::string_view body, std::string_view id = "m1") {
    return ask(session, "<message to='room@groups.localhost' type='groupchat' id='" + std::string(id) +
                            "'><body>" + std::string(body) + "</body></message>");
  }
  Lines iq(hl_session session, std::string_view type, std::string_view inside,
           std::string_view to = "room@groups.localhost") {
    return ask(session, "<iq to='" + std::string(to) + "' id='q' type='" + std::string(type) + "'>" +
                            std::string(inside) + "</iq>");
  }
  // The fields of a settings form, submitted.
  Lines configure(hl_session owner, std::string_view fields) {
    return iq(owner, "set",
              "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>" +
                  std::string(fields) + "</x></query>");
  }
  static std::string field(std::string_view name, std::string_view value) {
    return "<field var='muc#roomconfig_" + std::string(name) + "'><value>" + std::string(value) +
           "</value></field>";
  }
  Lines admin(hl_session session, std::string_view item) {
    return iq(
        session, "set",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item " + std::string(item) + "/></query>");
  }
  Lines make(hl_session session, std::string_view account, std::string_view affiliation) {
    return admin(session, "jid='" + std::string(account) + "@localhost' affiliation='" +
                              std::string(affiliation) + "'");
  }
  // anna makes the room and opens it.
  hl_session opened_by_anna() {
    const hl_session anna = online("anna");
    enter(anna, "Anna");
    configure(anna, "");
    forget_sent();
    return anna;
  }
  // A member who has entered once.
  hl_session member(hl_session owner, const std::string& account, std::string_view nick) {
    make(owner, account, "member");
    const hl_session session = online(account);
    enter(session, nick);
    forget_sent();
    return session;
  }
  // As the account's own client has it done by privacy, which is not loaded here: the rows are enough.
  void block(const std::string& account, const std::string& address) {
    host.state().tables["blocked"][account + "@localhost"][address] = "";
  }
  void unblock(const std::string& account) { host.state().tables["blocked"].erase(account + "@localhost"); }
  std::size_t mailbox(const std::string& account) {
    return host.state().mailboxes[account + "@localhost"].size();
  }
  bool has_room() {
    return host.state().tables["rooms"].contains("room@groups.localhost") &&
           !host.state().tables["rooms"]["room@groups.localhost"].empty();
  }
};

using test::has;

inline int count(const Lines& sent, const std::vector<std::string_view>& parts) {
  int found = 0;
  for (const std::string& xml : sent) {
    bool has_all = true;
    for (const std::string_view part : parts) has_all = has_all && has(xml, part);
    found += has_all ? 1 : 0;
  }
  return found;
}
inline bool is_refused(const Lines& sent, std::string_view type, std::string_view condition) {
  return count(sent, {" type='error'", std::string("<error type='").append(type),
                      std::string("<").append(condition)}) == 1;
}
inline bool is_result(const Lines& sent) {
  return count(sent, {"<iq", " type='result'"}) == 1;
}

}  // namespace hotline::groups_test
