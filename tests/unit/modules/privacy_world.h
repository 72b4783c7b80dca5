// What the tests of privacy share: a fake host with the module and accounts, and the rows that others keep.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "presence/session_fields.h"
#include "presence/subscription.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::privacy_test {

using sdk::FakeHost;
using test::has;

struct World {
  FakeHost host;

  World() {
    host.load(hl_module);
    for (const char* name : {"alice", "bob", "491701234567"}) add_account(name);
  }
  void add_account(const std::string& name) {
    host.state().tables["accounts"][name + "@localhost"]["scram"] = "row";
  }
  // One whose contacts see it, when presence is there.
  hl_session online(const std::string& name, const std::string& resource = "phone") {
    const hl_session session = host.login(name + "@localhost", resource);
    host.set_field(session, session_fields::priority, session_fields::encode_priority(0));
    return session;
  }
  void say(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
  }
  // The one stanza that answers.
  std::string ask(hl_session from, std::string_view xml) {
    say(from, xml);
    const std::vector<std::string> sent = host.sent(from);
    CHECK(sent.size() == 1);
    return sent.empty() ? "" : sent.front();
  }
  std::string block(hl_session from, std::string_view items) {
    return ask(from, std::string("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'>").append(items) +
                         "</block></iq>");
  }
  std::map<std::string, std::string>& blocked(const std::string& name) {
    return host.state().tables["blocked"][name + "@localhost"];
  }
  // `contact` may see `name`.
  void show(const std::string& name, const std::string& contact) {
    host.state().tables["roster"][name + "@localhost"][contact + "@localhost"] =
        std::to_string(static_cast<int>(presence::State::from)) + "l\x1f\x1f";
  }
};

inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, std::string("<error type='").append(type)) &&
         has(xml, std::string("<").append(condition));
}

}  // namespace hotline::privacy_test
