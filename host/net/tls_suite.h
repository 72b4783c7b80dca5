// TlsSuite: TLS 1.3's cipher suites as the record layer needs them, and the one key derivation that is left
// to do after a handshake: HKDF-Expand-Label (RFC 8446 7.1).
//
// AEADs and HKDF are OpenSSL's; nothing here branches or indexes on a secret. One OpenSSL context a thread,
// suite and direction, keyed anew for each record: a cache of keyed contexts measured no faster in a relay,
// and would keep keys where nobody wipes them. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hotline {

enum class TlsSuite : std::uint8_t {  // Low byte of the suite's number (RFC 8446 B.4).
  aes_128_gcm = 1,
  aes_256_gcm = 2,
  chacha20_poly1305 = 3,
};

constexpr std::size_t tls_secret_bytes_max = 48;
constexpr std::size_t tls_key_bytes_max = 32;
constexpr std::size_t tls_iv_bytes = 12;
constexpr std::size_t tls_tag_bytes = 16;

// The suite with this number; none for those we do not do records of (the CCM suites).
std::optional<TlsSuite> tls_suite(std::uint32_t number);
std::string_view name_of(TlsSuite suite);  // "TLS_AES_128_GCM_SHA256"
std::size_t secret_bytes(TlsSuite suite);  // 32 or 48: its hash's.
std::size_t key_bytes(TlsSuite suite);     // 16 or 32.

// HKDF-Expand-Label with an empty context. `label` without "tls13 ". False: OpenSSL could not.
bool expand_label(TlsSuite suite, std::span<const unsigned char> secret, std::string_view label,
                  std::span<unsigned char> out);

using TlsNonce = std::array<unsigned char, tls_iv_bytes>;

// Encrypts `text` in place and writes its tag. False: nothing of `text` may be sent.
bool aead_seal(TlsSuite suite, const unsigned char* key, const TlsNonce& nonce,
               std::span<const unsigned char> header, std::span<unsigned char> text, unsigned char* tag);
// Decrypts `sealed` (tag excluded) to `text`. False: `text` is not authentic and must not be looked at.
bool aead_open(TlsSuite suite, const unsigned char* key, const TlsNonce& nonce,
               std::span<const unsigned char> header, std::span<const unsigned char> sealed,
               const unsigned char* tag, unsigned char* text);
// This thread's contexts forget the key of their last record.
void aead_forget();

}  // namespace hotline
