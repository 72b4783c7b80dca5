// Signing: Ed25519 keys, and detached signatures over all bytes of a file.
//
//     FILE.sig         the signature: 64 bytes as they are
//     NAME.key, .pub   PEM, as OpenSSL writes them (PKCS #8 and SubjectPublicKeyInfo)
//
// So what is signed here can be made and checked with OpenSSL's own command, and with whatever keeps keys
// better than a file does:  openssl pkeyutl -verify -rawin -pubin -inkey NAME.pub -in FILE -sigfile FILE.sig
//
// Values; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hotline {

using Signature = std::array<unsigned char, 64>;

class PublicKey {
 public:
  static Result<PublicKey> parse_pem(std::string_view pem);  // The error says what it is instead of a key.
  static Result<PublicKey> read(const std::string& path);

  std::string pem() const;
  std::string fingerprint() const;  // SHA-256 of the 32 bytes, lower-case hexadecimal.
  bool has_signed(std::span<const std::byte> bytes, const Signature& signature) const;
  bool operator==(const PublicKey&) const = default;

 private:
  friend class SigningKey;
  std::array<unsigned char, 32> bytes_{};
};

class SigningKey {
 public:
  static SigningKey make();
  // Refuses a file that others may read, and one that is encrypted.
  static Result<SigningKey> read(const std::string& path);
  // A file that is not there yet, readable by its owner alone.
  Result<void> write(const std::string& path) const;

  PublicKey public_key() const;
  Signature sign(std::span<const std::byte> bytes) const;

 private:
  SigningKey() = default;
  std::array<unsigned char, 32> seed_{};
};

// `file`.sig; nothing when there is none. The error: it is there and is no signature.
Result<std::optional<Signature>> read_signature_of(const std::string& file);
std::string hex_of(const Signature& signature);
std::optional<Signature> signature_of_hex(std::string_view hex);

}  // namespace hotline
