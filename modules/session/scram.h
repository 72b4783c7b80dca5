// SCRAM's messages and its arithmetic, the server's half (RFC 5802, RFC 7677). No state, no nonce of its
// own: what it is given is all it knows, so the RFCs' examples can be replayed.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::session {

constexpr std::size_t scram_nonce_size_max = 256;  // The RFC sets no limit, so we do.

enum class Binding {
  unsupported,   // "n": the client cannot bind.
  unadvertised,  // "y": it could, and believes that we cannot.
  used,          // "p": it does.
};

// The client's first message. Views are into the message.
struct ScramFirst {
  std::string_view gs2_header;
  Binding binding = Binding::unsupported;
  std::string_view binding_type;  // With Binding::used: "tls-exporter".
  std::string authzid;            // Empty: none was asked for.
  std::string username;
  std::string_view nonce;
  std::string_view bare;

  static std::optional<ScramFirst> parse(std::string_view message);
};

std::string scram_server_first(std::string_view client_nonce, std::string_view server_nonce,
                               std::string_view salt, std::uint32_t iterations);

// The client's final message. Views are into the message, but for what was Base64.
struct ScramFinal {
  std::string binding;  // The GS2 header again, and the channel's data behind it.
  std::string_view nonce;
  std::string proof;
  std::string_view without_proof;

  static std::optional<ScramFinal> parse(std::string_view message);
};

// What both messages were about, as it was kept between them.
struct ScramExchange {
  std::string_view gs2_header;
  std::string_view client_first_bare;
  std::string_view server_first;
  std::string_view nonce;  // Client's and server's.
};

// The server's final message when the proof is right, which tells the client that we know the verifier;
// nothing when it is not.
std::optional<std::string> scram_accept(const sdk::Crypto& crypto, sdk::Digest digest,
                                        const ScramExchange& exchange, const ScramFinal& final,
                                        std::string_view stored_key, std::string_view server_key,
                                        std::string_view channel_data);

}  // namespace hotline::session
