#include "scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <utility>

namespace hotline::bench {
namespace {

constexpr unsigned iterations_max = 1'000'000;

const EVP_MD* digest(ScramHash hash) {
  return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(digest(hash), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), out.data(),
       &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hashed(ScramHash hash, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &size, digest(hash), nullptr);
  return {reinterpret_cast<const char*>(out.data()), size};
}

// The value of `name=` in a comma-separated list.
std::optional<std::string_view> field(std::string_view message, char name) {
  while (!message.empty()) {
    const std::size_t comma = message.find(',');
    const std::string_view part = message.substr(0, comma);
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
    if (comma == std::string_view::npos) break;
    message.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

std::string quoted_name(std::string_view user) {
  std::string out;
  for (const char c : user) {
    if (c == '=') {
      out += "=3D";
    } else if (c == ',') {
      out += "=2C";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(3 * (text.size() / 4) + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < text.size() && padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string random_nonce() {
  std::array<unsigned char, 18> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  return hmac(ScramHash::sha256, key, text);
}

std::string SaltedPasswords::get(ScramHash hash, std::string_view password, std::string_view salt,
                                 unsigned iterations) {
  std::string key = std::to_string(static_cast<int>(hash)) + ' ' + std::to_string(iterations) + ' ';
  key.append(base64_encode(salt)).append(" ").append(password);
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = kept_.find(key); it != kept_.end()) return it->second;
  }
  std::string salted(static_cast<std::size_t>(EVP_MD_get_size(digest(hash))), '\0');
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                    static_cast<int>(salt.size()), static_cast<int>(iterations), digest(hash),
                    static_cast<int>(salted.size()), reinterpret_cast<unsigned char*>(salted.data()));
  const std::lock_guard lock(mutex_);
  if (kept_.size() < kept_max) kept_.emplace(std::move(key), salted);
  return salted;
}

Scram::Scram(ScramHash hash, std::string user, std::string password, std::string nonce, SaltedPasswords* kept)
    : hash_(hash),
      user_(std::move(user)),
      password_(std::move(password)),
      nonce_(std::move(nonce)),
      kept_(kept) {}

std::string Scram::bare() const {
  return "n=" + quoted_name(user_) + ",r=" + nonce_;
}

std::string Scram::first_message() const {
  return "n,," + bare();
}

std::optional<std::string> Scram::final_message(std::string_view server_first) {
  const auto nonce = field(server_first, 'r');
  const auto salt_text = field(server_first, 's');
  const auto iterations_text = field(server_first, 'i');
  if (!nonce || !salt_text || !iterations_text || !nonce->starts_with(nonce_)) return std::nullopt;
  const auto salt = base64_decode(*salt_text);
  unsigned iterations = 0;
  std::from_chars(iterations_text->data(), iterations_text->data() + iterations_text->size(), iterations);
  if (!salt || iterations == 0 || iterations > iterations_max) return std::nullopt;

  SaltedPasswords unkept;
  const std::string salted = (kept_ != nullptr ? *kept_ : unkept).get(hash_, password_, *salt, iterations);
  const std::string client_key = hmac(hash_, salted, "Client Key");
  const std::string without_proof = "c=biws,r=" + std::string(*nonce);
  const std::string auth_message = bare() + ',' + std::string(server_first) + ',' + without_proof;
  const std::string signature = hmac(hash_, hashed(hash_, client_key), auth_message);
  server_signature_ = hmac(hash_, hmac(hash_, salted, "Server Key"), auth_message);
  std::string proof = client_key;
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  return without_proof + ",p=" + base64_encode(proof);
}

bool Scram::accepts(std::string_view server_final) const {
  const auto verifier = field(server_final, 'v');
  return verifier && !server_signature_.empty() && base64_decode(*verifier) == server_signature_;
}

}  // namespace hotline::bench
