// What the tests of routing share: a fake host with the module, accounts, and a presence module's part played
// by the test.
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

namespace hotline::routing_test {

using sdk::FakeHost;

inline std::string with_value(std::string_view text, std::string_view value) {
  return std::string(text).append(value);
}

struct World {
  FakeHost host;

  explicit World(const hl_module_entry& module = hl_module) {
    host.load(module);
    for (const char* name : {"alice", "bob"}) add_account(with_value(name, "@localhost"));
  }
  void add_account(const std::string& account) { host.state().tables["accounts"][account]["scram"] = "row"; }

  // The fields are numbered by the module's constructor; this finds the number by setting through the host's
  // names.
  void set_field(hl_session session, std::string_view name, std::int64_t value) {
    host.set_field(session, name, value);
  }
  hl_session connect(const std::string& account, const std::string& resource) {
    return host.login(account + "@localhost", resource);
  }
  hl_session online(const std::string& account, const std::string& resource, int priority = 0) {
    const hl_session session = connect(account, resource);
    set_field(session, session_fields::priority, session_fields::encode_priority(priority));
    return session;
  }
  hl_session online_with_carbons(const std::string& account, const std::string& resource, int priority = 0) {
    const hl_session session = online(account, resource, priority);
    set_field(session, session_fields::carbons, 1);
    return session;
  }
  hl_session resumable(const std::string& account, const std::string& resource, int priority = 0) {
    const hl_session session = online(account, resource, priority);
    host.state().sessions.at(session).has_sm = true;
    host.state().sessions.at(session).resume_s = 300;
    return session;
  }
  void say(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
  }
  std::size_t mailbox(const std::string& account) {
    return host.state().mailboxes[account + "@localhost"].size();
  }
};

using test::has;
// The one stanza that was written, or "" with a failed check.
inline std::string only(const std::vector<std::string>& sent) {
  CHECK(sent.size() == 1);
  return sent.empty() ? "" : sent.front();
}
inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, with_value("<error type='", type)) &&
         has(xml, with_value("<", condition));
}

}  // namespace hotline::routing_test
