// A fake host with media_link, and a user who asks for slots, puts files and gets them.
#pragma once

#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <string>
#include <utility>
#include <vector>

extern "C" const hl_module_entry hl_module;

namespace hotline::test {

namespace fake = hotline::sdk::fake;

constexpr std::uint64_t day_ms = 86'400'000;
inline const std::string digest(64, 'd');

struct MediaWorld {
  sdk::FakeHost host;
  hl_session alice = 0;
  MediaWorld() {
    host.numbers["reap_seconds"] = 43'200;
    host.texts["url"] = "https://localhost:8443";
    host.load(hl_module);
    alice = host.login("alice@localhost", "phone");
  }
  std::string ask(const std::string& attributes, hl_session who = 0) {
    const hl_session session = who == 0 ? alice : who;
    host.sent(session);
    host.stanza(session,
                "<iq type='get' id='s' to='upload.localhost'><request xmlns='urn:xmpp:http:upload:0' " +
                    attributes + "/></iq>");
    host.run();
    const auto sent = host.sent(session);
    return sent.empty() ? "" : sent.back();
  }
  // The path of a slot.
  std::string slot(const std::string& attributes = "filename='a b.png' size='10' content-type='image/png'") {
    const std::string answer = ask(attributes);
    const std::size_t at = answer.find("https://localhost:8443") + 22;
    return answer.substr(at, answer.find('\'', at) - at);
  }
  hl_request begin(const sdk::FakeHost::HttpAsk& ask) {
    const hl_request number = host.state().next_handle++;
    host.state().requests[number];
    host.request_event(ask, number);
    host.run();
    return number;
  }
  hl_request put(const std::string& path, std::vector<std::pair<std::string, std::string>> fields = {
                                              {"content-length", "10"}, {"content-type", "image/png"}}) {
    const bool has_body = fields.front().second != "0";
    return begin({.method = "PUT",
                  .path = path,
                  .flags = HL_REQUEST_IS_TLS | (has_body ? HL_REQUEST_IS_HEAD : 0u),
                  .fields = std::move(fields)});
  }
  // What the host says of the last file that was asked for.
  void say(hl_status status, const std::string& words) {
    REQUIRE(!host.state().files.empty());
    const fake::FileWish wish = host.state().files.back();
    host.work_done(wish, status, words);
    host.run();
  }
  std::string whole(const std::string& size = "10", const std::string& type = "image/png") {
    const std::string path = slot("filename='a b.png' size='" + size + "' content-type='" + type + "'");
    put(path, {{"content-length", size}, {"content-type", type}});
    say(HL_OK, size + " " + digest);
    return path;
  }
  fake::Request get(const std::string& path, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return host.state().requests[begin({.method = "GET", .path = path, .fields = std::move(fields)})];
  }
  std::uint32_t status(hl_request request) { return host.state().requests[request].status; }
  std::string field(const fake::Request& request, const std::string& name) {
    for (const auto& [each, value] : request.fields)
      if (each == name) return value;
    return "";
  }
};

}  // namespace hotline::test
