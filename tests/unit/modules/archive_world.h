// What the tests of archive share: a fake host with the module, messages as routing posts them, and queries.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "archive/moment.h"
#include "archive/topics.h"
#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::archive_test {

using sdk::FakeHost;
using test::has;

constexpr std::uint64_t day_ms = 86'400'000;

// What a query was answered with.
struct Answer {
  std::vector<std::string> bodies;  // Of the messages, in the order they came.
  std::vector<std::string> ids;
  std::vector<std::string> raw;
  std::string fin;  // The iq.
  bool is_complete() const { return has(fin, "complete='true'"); }
};

inline std::string between(std::string_view text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + from.size());
  return std::string(text.substr(0, text.find(to)));
}

struct World {
  FakeHost host;
  int drawn = 0;

  World() { host.load(hl_module); }

  hl_session online(const std::string& name, const std::string& resource = "phone") {
    return host.login(name + "@localhost", resource);
  }
  // As routing posts it, at this moment. Its id.
  std::string keep(const std::string& name, const std::string& peer, const std::string& xml) {
    const std::string number = std::to_string(++drawn);
    const std::string id = archive::moment_text(host.wall_ms * archive::us_per_ms) +
                           std::string(16 - number.size(), '0') + number;
    CHECK(host.post("archive", name + "@localhost", archive::topic::keep, id + "\n" + peer + "\n" + xml) ==
          HL_OK);
    return id;
  }
  static std::string message(const std::string& from, const std::string& to, const std::string& body) {
    return "<message from='" + from + "' to='" + to + "' type='chat'><body>" + body + "</body></message>";
  }
  // Bob writes to alice, and a millisecond passes.
  std::string hears(const std::string& body, const std::string& from = "bob@localhost/desk") {
    const std::string id = keep("alice", from, message(from, "alice@localhost", body));
    ++host.wall_ms;
    return id;
  }
  std::string says(const std::string& to, const std::string& body) {
    const std::string id = keep("alice", to, message("alice@localhost/phone", to, body));
    ++host.wall_ms;
    return id;
  }
  Answer ask(hl_session session, const std::string& inner, const std::string& attributes = "queryid='q'") {
    CHECK(host.stanza(session, "<iq type='set' id='1'><query xmlns='urn:xmpp:mam:2' " + attributes + ">" +
                                   inner + "</query></iq>") == HL_OK);
    Answer answer;
    for (const std::string& xml : host.sent(session)) {
      if (xml.starts_with("<iq")) {
        CHECK(answer.fin.empty());
        answer.fin = xml;
        continue;
      }
      CHECK(answer.fin.empty());  // It comes behind them all.
      answer.raw.push_back(xml);
      answer.bodies.push_back(between(xml, "<body>", "</body>"));
      answer.ids.push_back(between(xml, " id='", "'"));
    }
    return answer;
  }
  std::string get(hl_session session, const std::string& payload) {
    CHECK(host.stanza(session, "<iq type='get' id='2'>" + payload + "</iq>") == HL_OK);
    return only(session);
  }
  std::string set(hl_session session, const std::string& payload) {
    CHECK(host.stanza(session, "<iq type='set' id='3'>" + payload + "</iq>") == HL_OK);
    return only(session);
  }
  std::string only(hl_session session) {
    const std::vector<std::string> sent = host.sent(session);
    CHECK(sent.size() == 1);
    return sent.empty() ? "" : sent.front();
  }
  std::map<std::string, std::string>& rows(const std::string& name) {
    return host.state().tables["archive"][name + "@localhost"];
  }
};

inline std::string field(const std::string& name, const std::string& value) {
  return "<field var='" + name + "'><value>" + value + "</value></field>";
}
inline std::string form(const std::string& fields) {
  return "<x xmlns='jabber:x:data' type='submit'>" + field("FORM_TYPE", "urn:xmpp:mam:2") + fields + "</x>";
}
inline std::string page(const std::string& inner) {
  return "<set xmlns='http://jabber.org/protocol/rsm'>" + inner + "</set>";
}
inline bool is_error(std::string_view xml, std::string_view type, std::string_view condition) {
  return has(xml, " type='error'") && has(xml, std::string("<error type='").append(type)) &&
         has(xml, std::string("<").append(condition));
}
using Bodies = std::vector<std::string>;

}  // namespace hotline::archive_test
