// What the tests of profile share: a fake host with the module and accounts; presence's and session's parts
// are played by the test.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "presence/subscription.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::profile_test {

using sdk::FakeHost;
using test::has;
using Lines = std::vector<std::string>;

constexpr std::string_view pubsub = "http://jabber.org/protocol/pubsub";

struct World {
  FakeHost host;

  World() {
    host.load(hl_module);
    for (const char* name : {"alice", "bob", "carol"})
      host.state().tables["accounts"][std::string(name) + "@localhost"]["scram"] = "row";
  }
  hl_session connect(const std::string& name, const std::string& resource = "phone") {
    return host.login(name + "@localhost", resource);
  }
  // `contact` may see `name`.
  void show(const std::string& name, const std::string& contact) {
    relate(name, contact, presence::State::from);
    relate(contact, name, presence::State::to);
  }
  void relate(const std::string& name, const std::string& contact, presence::State state) {
    host.state().tables["roster"][name + "@localhost"][contact + "@localhost"] =
        std::to_string(static_cast<int>(state)) + "l\x1f\x1f";
  }
  void block(const std::string& name, const std::string& contact) {
    host.state().tables["blocked"][name + "@localhost"][contact + "@localhost"] = "";
  }
  void say(hl_session from, std::string_view xml) {
    CHECK(host.stanza(from, xml) == HL_OK);
    host.run();
  }
  // The one stanza that answers.
  std::string ask(hl_session from, std::string_view xml) {
    say(from, xml);
    const Lines sent = host.sent(from);
    CHECK(sent.size() == 1);
    return sent.empty() ? "" : sent.front();
  }
  std::string iq(hl_session from, std::string_view type, std::string_view payload, std::string_view to = {}) {
    std::string xml = std::string("<iq id='1' type='").append(type).append("'");
    if (!to.empty()) xml.append(" to='").append(to).append("@localhost'");
    return ask(from, xml.append(">").append(payload).append("</iq>"));
  }
  std::string publish(hl_session from, std::string_view node, std::string_view id, std::string_view payload,
                      std::string_view options = {}) {
    std::string xml = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='";
    xml.append(node).append("'><item id='").append(id).append("'>").append(payload);
    xml.append("</item></publish>");
    if (!options.empty())
      xml.append("<publish-options><x xmlns='jabber:x:data' type='submit'>")
          .append(options)
          .append("</x></publish-options>");
    return iq(from, "set", xml.append("</pubsub>"));
  }
  std::string items(hl_session from, std::string_view node, std::string_view to = {},
                    std::string_view more = {}) {
    std::string xml = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='";
    return iq(from, "get", xml.append(node).append("'").append(more).append("/></pubsub>"), to);
  }
  std::string owner(hl_session from, std::string_view type, std::string_view wish) {
    return iq(
        from, type,
        std::string("<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>").append(wish) + "</pubsub>");
  }
  // The session is available, and its client wants these nodes ("a+notify\nb+notify\n").
  void want(hl_session session, std::string_view features,
            const std::string& capabilities = "http://client#1") {
    const auto& of = host.state().sessions.at(session);
    CHECK(host.post("profile", of.account, 6, of.resource + "\n" + capabilities) == HL_OK);
    for (const std::string& sent : host.sent(session)) {
      const std::size_t at = sent.find(" id='caps-");
      if (at == std::string::npos) continue;
      const std::string id = sent.substr(at + 5, sent.find('\'', at + 5) - at - 5);
      CHECK(host.post("profile", of.account, 7, of.resource + "\n" + id + "\n" + std::string(features)) ==
            HL_OK);
    }
    host.run();
  }
};

inline std::string field(std::string_view name, std::string_view value) {
  return std::string("<field var='pubsub#").append(name).append("'><value>").append(value) +
         "</value></field>";
}
inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, std::string("<error type='").append(type)) &&
         has(xml, std::string("<").append(condition));
}
// An answer with the name in it taken out, to be compared with another's.
inline std::string without(std::string text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name))
    text.erase(at, name.size());
  return text;
}

}  // namespace hotline::profile_test
