#include "session/scram.h"

#include "session/base64.h"

namespace hotline::session {

namespace {

// "=2C" and "=3D" stand for ',' and '=' (RFC 5802 5.1, saslname).
std::optional<std::string> decode_name(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=') {
      out.append(1, text[at]);
    } else if (text.substr(at, 3) == "=2C" || text.substr(at, 3) == "=3D") {
      out.append(1, text[at + 1] == '2' ? ',' : '=');
      at += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// Takes "<key>=value," or "<key>=value" at the end from the front.
std::optional<std::string_view> take(std::string_view& rest, char key) {
  if (rest.size() < 2 || rest[0] != key || rest[1] != '=') return std::nullopt;
  const std::size_t comma = rest.find(',');
  const std::string_view value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return value;
}

bool is_nonce(std::string_view text) {
  if (text.empty() || text.size() > scram_nonce_size_max) return false;
  for (const char c : text)
    if (c < 0x21 || c > 0x7e || c == ',') return false;
  return true;
}

}  // namespace

std::optional<ScramFirst> ScramFirst::parse(std::string_view message) {
  ScramFirst first;
  std::string_view rest = message;
  if (const auto type = take(rest, 'p')) {
    first.binding = Binding::used;
    first.binding_type = *type;
    if (type->empty()) return std::nullopt;
  } else if (rest.starts_with("y,") || rest.starts_with("n,")) {
    first.binding = rest[0] == 'y' ? Binding::unadvertised : Binding::unsupported;
    rest.remove_prefix(2);
  } else {
    return std::nullopt;
  }
  if (const auto authzid = take(rest, 'a')) {
    std::optional<std::string> decoded = decode_name(*authzid);
    if (!decoded || decoded->empty()) return std::nullopt;
    first.authzid = std::move(*decoded);
  } else if (rest.starts_with(",")) {
    rest.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  first.gs2_header = message.substr(0, message.size() - rest.size());
  first.bare = rest;
  const auto name = take(rest, 'n');  // "m=" in its place is an extension that must be refused.
  const auto nonce = take(rest, 'r');
  if (!name || !nonce || !is_nonce(*nonce)) return std::nullopt;
  std::optional<std::string> username = decode_name(*name);
  if (!username || username->empty()) return std::nullopt;
  first.username = std::move(*username);
  first.nonce = *nonce;
  return first;
}

std::string scram_server_first(std::string_view client_nonce, std::string_view server_nonce,
                               std::string_view salt, std::uint32_t iterations) {
  std::string out("r=");
  out.append(client_nonce).append(server_nonce).append(",s=").append(base64_encode(salt));
  return out.append(",i=").append(std::to_string(iterations));
}

std::optional<ScramFinal> ScramFinal::parse(std::string_view message) {
  ScramFinal final;
  std::string_view rest = message;
  const auto binding = take(rest, 'c');
  const auto nonce = take(rest, 'r');
  if (!binding || !nonce) return std::nullopt;
  // Extensions may stand between; the proof is last.
  const std::size_t at = message.rfind(",p=");
  if (at == std::string_view::npos || message.size() - rest.size() > at + 1) return std::nullopt;
  std::optional<std::string> decoded = base64_decode(*binding);
  std::optional<std::string> proof = base64_decode(message.substr(at + 3));
  if (!decoded || !proof) return std::nullopt;
  final.binding = std::move(*decoded);
  final.proof = std::move(*proof);
  final.nonce = *nonce;
  final.without_proof = message.substr(0, at);
  return final;
}

std::optional<std::string> scram_accept(const sdk::Crypto& crypto, sdk::Digest digest,
                                        const ScramExchange& exchange, const ScramFinal& final,
                                        std::string_view stored_key, std::string_view server_key,
                                        std::string_view channel_data) {
  if (final.nonce != exchange.nonce || final.proof.size() != sdk::digest_size(digest)) return std::nullopt;
  std::string binding(exchange.gs2_header);
  binding.append(channel_data);
  if (!crypto.equal(final.binding, binding)) return std::nullopt;

  std::string auth_message(exchange.client_first_bare);
  auth_message.append(1, ',').append(exchange.server_first).append(1, ',').append(final.without_proof);
  const std::string signature = crypto.hmac(digest, stored_key, auth_message);
  std::string client_key = final.proof;
  for (std::size_t i = 0; i < client_key.size(); ++i)
    client_key[i] = static_cast<char>(client_key[i] ^ signature[i]);
  if (!crypto.equal(crypto.digest(digest, client_key), stored_key)) return std::nullopt;
  return "v=" + base64_encode(crypto.hmac(digest, server_key, auth_message));
}

}  // namespace hotline::session
