// What the tests of presence share: a fake host with the module and accounts.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "presence/roster_item.h"
#include "presence/session_fields.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::presence_test {

using presence::RosterItem;
using presence::State;
using sdk::FakeHost;
using Lines = std::vector<std::string>;

struct World {
  FakeHost host;

  World() {
    host.load(hl_module);
    for (const char* name : {"alice", "bob", "carol"}) add_account(name);
  }
  void add_account(const std::string& name) {
    host.state().tables["accounts"][name + "@localhost"]["scram"] = "row";
  }
  // A session that has asked for its roster.
  hl_session connect(const std::string& account, const std::string& resource) {
    const hl_session session = host.login(account + "@localhost", resource);
    host.set_field(session, session_fields::roster, 1);
    return session;
  }
  // One that has sent its presence as well; what that caused has been read.
  hl_session online(const std::string& account, const std::string& resource) {
    const hl_session session = connect(account, resource);
    say(session, "<presence/>");
    forget_sent();
    return session;
  }
  void say(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
  }
  void forget_sent() {
    for (auto& [number, stream] : host.state().streams) stream.sent.clear();
  }

  std::map<std::string, std::string>& rows(const std::string& account) {
    return host.state().tables["roster"][account + "@localhost"];
  }
  void relate(const std::string& account, const std::string& contact, State state, bool is_listed = true) {
    RosterItem item;
    item.state = state;
    item.is_listed = is_listed;
    if (is_pending_in(state))
      item.request = "<presence from='" + contact + "@localhost' to='" + account +
                     "@localhost' type='subscribe'></presence>";
    rows(account)[contact + "@localhost"] = item.encode();
  }
  // `a` sees `b` and `b` sees `a`.
  void befriend(const std::string& a, const std::string& b) {
    relate(a, b, State::both);
    relate(b, a, State::both);
  }
  RosterItem item(const std::string& account, const std::string& contact) {
    const auto row = rows(account).find(contact + "@localhost");
    return row == rows(account).end() ? RosterItem{} : RosterItem::decode(row->second).value();
  }
  bool has_row(const std::string& account, const std::string& contact) {
    return rows(account).contains(contact + "@localhost");
  }
};

using test::has;
inline std::string only(const Lines& sent) {
  CHECK(sent.size() == 1);
  return sent.empty() ? "" : sent.front();
}
// How many of the stanzas have all of the parts.
inline int count(const Lines& sent, const std::vector<std::string_view>& parts) {
  int found = 0;
  for (const std::string& xml : sent) {
    bool has_all = true;
    for (const std::string_view part : parts) has_all = has_all && has(xml, part);
    found += has_all ? 1 : 0;
  }
  return found;
}
inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, std::string("<error type='").append(type)) &&
         has(xml, std::string("<").append(condition));
}

}  // namespace hotline::presence_test
