// Scram: the client's half of SCRAM (RFC 5802, RFC 7677), without channel binding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::bench {

enum class ScramHash { sha1, sha256 };

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
std::string random_nonce();
std::string hmac_sha256(std::string_view key, std::string_view text);

// Salted passwords already computed, as a real client keeps them: without it a login benchmark measures
// its own PBKDF2 instead of the server. Any thread.
class SaltedPasswords {
 public:
  std::string get(ScramHash hash, std::string_view password, std::string_view salt, unsigned iterations);

 private:
  static constexpr std::size_t kept_max = 65'536;
  std::mutex mutex_;
  std::map<std::string, std::string> kept_;
};

class Scram {
 public:
  // `nonce` is a parameter so that the RFCs' examples can be replayed.
  Scram(ScramHash hash, std::string user, std::string password, std::string nonce, SaltedPasswords* kept);

  [[nodiscard]] std::string first_message() const;
  // The client's final message. Nothing when the server's first is malformed or not made for our nonce.
  std::optional<std::string> final_message(std::string_view server_first);
  // Whether the server proved that it knows the verifier.
  [[nodiscard]] bool accepts(std::string_view server_final) const;

 private:
  [[nodiscard]] std::string bare() const;

  ScramHash hash_;
  std::string user_;
  std::string password_;
  std::string nonce_;
  SaltedPasswords* kept_;
  std::string server_signature_;
};

}  // namespace hotline::bench
