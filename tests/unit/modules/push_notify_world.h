// What the tests of push_notify share: a fake host with the module, and mailboxes that the test fills.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "push_notify/device_row.h"
#include "push_notify/topics.h"
#include "push_notify/watch_row.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::push_notify_test {

using sdk::FakeHost;
using test::has;

constexpr std::uint64_t wait_ms = 10'000;
constexpr std::uint64_t repeat_ms = 300'000;

struct World {
  FakeHost host;
  hl_entry next_entry = 100;

  World() { host.load(hl_module); }

  hl_session online(const std::string& name) { return host.login(name + "@localhost", "phone"); }
  // The one stanza that answers.
  std::string ask(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
    const std::vector<std::string> sent = host.sent(from);
    CHECK(sent.size() == 1);
    return sent.empty() ? "" : sent.front();
  }
  std::string enable(hl_session from, std::string_view node, std::string_view form = {},
                     std::string_view service = "push.localhost") {
    return ask(from, std::string("<iq type='set' id='1'><enable xmlns='urn:xmpp:push:0' jid='")
                         .append(service)
                         .append("' node='")
                         .append(node)
                         .append("'>")
                         .append(form)
                         .append("</enable></iq>"));
  }
  std::string disable(hl_session from, std::string_view attributes) {
    return ask(from, std::string("<iq type='set' id='2'><disable xmlns='urn:xmpp:push:0' ")
                         .append(attributes)
                         .append("/></iq>"));
  }
  void say(hl_session from, std::string_view xml) { ask(from, xml); }

  // What another module puts, and the word that goes with it.
  hl_entry put(const std::string& name) {
    const hl_entry entry = next_entry++;
    auto& put = host.state().mailboxes[name + "@localhost"][entry];
    put.xml = "<message></message>";
    put.stored_wall_ms = host.wall_ms;
    CHECK(host.post("push_notify", name + "@localhost", push_notify::topic::waits, "") == HL_OK);
    return entry;
  }
  void accept(const std::string& name, hl_entry entry) {
    host.state().mailboxes[name + "@localhost"].erase(entry);
  }
  void accept_all(const std::string& name) { host.state().mailboxes[name + "@localhost"].clear(); }

  std::map<std::string, std::string>& devices(const std::string& name) {
    return host.state().tables["push_devices"][name + "@localhost"];
  }
  // The account's row; empty: there is none.
  std::string watch(const std::string& name) {
    auto& rows = host.state().tables["push_watch"][name + "@localhost"];
    return rows.empty() ? "" : rows.begin()->second;
  }
  // What the gateway was given since this was last asked.
  std::vector<sdk::fake::Sent> notified() {
    std::vector<sdk::fake::Sent> sent(host.state().outbox.begin(), host.state().outbox.end());
    host.state().outbox.clear();
    return sent;
  }
  // The one notification there is.
  sdk::fake::Sent only_notified() {
    const std::vector<sdk::fake::Sent> sent = notified();
    CHECK(sent.size() == 1);
    return sent.empty() ? sdk::fake::Sent{} : sent.front();
  }
};

inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, std::string("<error type='").append(type)) &&
         has(xml, std::string("<").append(condition));
}

}  // namespace hotline::push_notify_test
