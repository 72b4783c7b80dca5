// The client's side of a login, for the session module's tests.
#pragma once

#include <hotline/module.h>

#include <hotline/fake_host.hpp>
#include <string>
#include <string_view>

#include "registration/account_row.h"
#include "session/base64.h"

extern "C" const hl_module_entry hl_module;

namespace hotline::session::test {

namespace fake = sdk::fake;

inline constexpr std::string_view salt256 = "0123456789abcdef";
inline constexpr std::string_view salt1 = "fedcba9876543210";
inline constexpr std::uint32_t iterations = 64;  // Few: these tests are not about the work.

// An account's row as registration writes it.
inline void add_account(sdk::FakeHost& host, const std::string& account, const std::string& password) {
  const auto keys = [&](std::int32_t digest, std::string_view salt) {
    const std::string salted = fake::pbkdf2(digest, password, salt, iterations);
    return std::pair(fake::digest(digest, fake::hmac(digest, salted, "Client Key")),
                     fake::hmac(digest, salted, "Server Key"));
  };
  const auto [stored256, server256] = keys(HL_DIGEST_SHA256, salt256);
  const auto [stored1, server1] = keys(HL_DIGEST_SHA1, salt1);
  accounts::AccountRow row;
  row.iterations = iterations;
  row.sha256 = {salt256, stored256, server256};
  row.sha1 = {salt1, stored1, server1};
  host.state().tables["accounts"][account]["scram"] = accounts::encode(row);
}

inline std::string sasl(std::string_view name, std::string_view data, std::string_view mechanism = {}) {
  std::string xml = "<" + std::string(name) + " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  if (!mechanism.empty()) xml += " mechanism='" + std::string(mechanism) + "'";
  return xml + ">" + (data.empty() ? "" : base64_encode(data)) + "</" + std::string(name) + ">";
}

// The text of an element whose root holds nothing else, decoded.
inline std::string decoded(const std::string& xml) {
  const std::size_t begin = xml.find('>') + 1;
  return base64_decode(std::string_view(xml).substr(begin, xml.find("</", begin) - begin))
      .value_or("not Base64");
}

inline std::string failure(std::string_view condition) {
  return "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" + std::string(condition) + "/>";
}

inline std::string field(const std::string& message, char key) {
  std::size_t at =
      message.starts_with(std::string(1, key) + "=") ? 0 : message.find(std::string(",") + key + "=");
  if (at == std::string::npos) return {};
  at = message.find('=', at) + 1;
  return message.substr(at, message.find(',', at) - at);
}

// One SCRAM exchange as an honest client has it, step by step, so that a test can bend any of them.
struct ScramClient {
  std::string user, password;
  std::int32_t digest = HL_DIGEST_SHA256;
  std::string gs2_header = "n,,";
  std::string channel_data;
  std::string nonce = "fyko+d2lbbFgONRv9qkxdawL";
  std::string server_signature;

  std::string first() const { return gs2_header + bare(); }
  std::string bare() const { return "n=" + user + ",r=" + nonce; }
  std::string final(const std::string& server_first) {
    const std::string salt = base64_decode(field(server_first, 's')).value();
    const auto rounds = static_cast<std::uint32_t>(std::stoul(field(server_first, 'i')));
    const std::string salted = fake::pbkdf2(digest, password, salt, rounds);
    const std::string client_key = fake::hmac(digest, salted, "Client Key");
    const std::string without_proof =
        "c=" + base64_encode(gs2_header + channel_data) + ",r=" + field(server_first, 'r');
    const std::string auth = bare() + "," + server_first + "," + without_proof;
    std::string proof = fake::hmac(digest, fake::digest(digest, client_key), auth);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    server_signature =
        "v=" + base64_encode(fake::hmac(digest, fake::hmac(digest, salted, "Server Key"), auth));
    return without_proof + ",p=" + base64_encode(proof);
  }
};

// What the host answered to one element; exactly one element is expected.
inline std::string answer(sdk::FakeHost& host, hl_stream stream, const std::string& xml) {
  host.receive(stream, xml);
  const auto sent = host.stream_sent(stream);
  return sent.empty() ? std::string() : sent.front();
}

// Runs the exchange; the last element the host sent.
inline std::string log_in(sdk::FakeHost& host, hl_stream stream, ScramClient& client,
                          const std::string& mechanism = "SCRAM-SHA-256") {
  const std::string challenge = answer(host, stream, sasl("auth", client.first(), mechanism));
  if (!challenge.starts_with("<challenge")) return challenge;
  return answer(host, stream, sasl("response", client.final(decoded(challenge))));
}

// A connection with a host that has loaded the module, its features read.
inline hl_stream connect(sdk::FakeHost& host, fake::Stream stream = {}) {
  const hl_stream id = host.connect(std::move(stream));
  host.stream_sent(id);
  return id;
}

}  // namespace hotline::session::test
