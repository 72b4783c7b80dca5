#include "net/tls_suite.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <algorithm>

#include "base/check.h"
#include "net/openssl.h"

namespace hotline {
namespace {

struct Facts {
  std::string_view name;
  const char* cipher;
  const char* digest;
  std::size_t secret_bytes;
  std::size_t key_bytes;
};

constexpr std::array<Facts, 3> all_facts = {{
    {"TLS_AES_128_GCM_SHA256", "AES-128-GCM", "SHA256", 32, 16},
    {"TLS_AES_256_GCM_SHA384", "AES-256-GCM", "SHA384", 48, 32},
    {"TLS_CHACHA20_POLY1305_SHA256", "ChaCha20-Poly1305", "SHA256", 32, 32},
}};

std::size_t index_of(TlsSuite suite) {
  return static_cast<std::size_t>(suite) - 1;
}

const Facts& facts(TlsSuite suite) {
  return all_facts.at(index_of(suite));
}

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>>;

enum class Way { seal, open };

// One thread's contexts, each made when it is first wanted.
struct Contexts {
  std::array<std::array<CipherContext, 2>, all_facts.size()> ciphers;
  KdfContext hkdf;
};

Contexts& thread_contexts() {
  static thread_local Contexts contexts;
  return contexts;
}

EVP_CIPHER_CTX* cipher_context(TlsSuite suite, Way way) {
  const bool seals = way == Way::seal;
  CipherContext& context = thread_contexts().ciphers.at(index_of(suite)).at(seals ? 0 : 1);
  if (context != nullptr) return context.get();
  const std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>> cipher(
      EVP_CIPHER_fetch(nullptr, facts(suite).cipher, nullptr));
  context.reset(EVP_CIPHER_CTX_new());
  check(cipher != nullptr && context != nullptr &&
            EVP_CipherInit_ex2(context.get(), cipher.get(), nullptr, nullptr, seals ? 1 : 0, nullptr) == 1,
        "OpenSSL has the AEADs of TLS 1.3");
  return context.get();
}

EVP_KDF_CTX* hkdf_context() {
  KdfContext& context = thread_contexts().hkdf;
  if (context == nullptr) {
    const std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>> hkdf(
        EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
    context.reset(EVP_KDF_CTX_new(hkdf.get()));
    check(context != nullptr, "OpenSSL has HKDF");
  }
  return context.get();
}

int int_size(std::size_t size) {
  return static_cast<int>(size);
}

}  // namespace

std::optional<TlsSuite> tls_suite(std::uint32_t number) {
  if ((number & 0xffff) < 0x1301 || (number & 0xffff) > 0x1303) return std::nullopt;
  return static_cast<TlsSuite>(number & 0xff);
}

std::string_view name_of(TlsSuite suite) {
  return facts(suite).name;
}

std::size_t secret_bytes(TlsSuite suite) {
  return facts(suite).secret_bytes;
}

std::size_t key_bytes(TlsSuite suite) {
  return facts(suite).key_bytes;
}

bool expand_label(TlsSuite suite, std::span<const unsigned char> secret, std::string_view label,
                  std::span<unsigned char> out) {
  // struct { uint16 length; opaque label<7..255> = "tls13 " + label; opaque context<0..255> = ""; }
  static constexpr std::string_view prefix = "tls13 ";
  std::array<unsigned char, 32> info;
  const std::size_t info_size = 4 + prefix.size() + label.size();
  check(info_size <= info.size() && out.size() <= 255, "a label of TLS 1.3 is short");
  info[0] = 0;
  info[1] = static_cast<unsigned char>(out.size());
  info[2] = static_cast<unsigned char>(prefix.size() + label.size());
  unsigned char* const behind =
      std::copy(label.begin(), label.end(), std::copy(prefix.begin(), prefix.end(), info.begin() + 3));
  *behind = 0;

  EVP_KDF_CTX* const context = hkdf_context();
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(facts(suite).digest), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<unsigned char*>(secret.data()),
                                        secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info_size),
      OSSL_PARAM_construct_end(),
  };
  const bool done = EVP_KDF_derive(context, out.data(), out.size(), parameters) == 1;
  EVP_KDF_CTX_reset(context);  // It holds a copy of the secret, and wipes it here.
  return done;
}

bool aead_seal(TlsSuite suite, const unsigned char* key, const TlsNonce& nonce,
               std::span<const unsigned char> header, std::span<unsigned char> text, unsigned char* tag) {
  EVP_CIPHER_CTX* const context = cipher_context(suite, Way::seal);
  int size = 0;
  return EVP_EncryptInit_ex2(context, nullptr, key, nonce.data(), nullptr) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, header.data(), int_size(header.size())) == 1 &&
         EVP_EncryptUpdate(context, text.data(), &size, text.data(), int_size(text.size())) == 1 &&
         size == int_size(text.size()) && EVP_EncryptFinal_ex(context, text.data() + size, &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, int_size(tls_tag_bytes), tag) == 1;
}

bool aead_open(TlsSuite suite, const unsigned char* key, const TlsNonce& nonce,
               std::span<const unsigned char> header, std::span<const unsigned char> sealed,
               const unsigned char* tag, unsigned char* text) {
  EVP_CIPHER_CTX* const context = cipher_context(suite, Way::open);
  int size = 0;
  return EVP_DecryptInit_ex2(context, nullptr, key, nonce.data(), nullptr) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, int_size(tls_tag_bytes),
                             const_cast<unsigned char*>(tag)) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &size, header.data(), int_size(header.size())) == 1 &&
         EVP_DecryptUpdate(context, text, &size, sealed.data(), int_size(sealed.size())) == 1 &&
         size == int_size(sealed.size()) && EVP_DecryptFinal_ex(context, text + size, &size) == 1;
}

void aead_forget() {
  static constexpr std::array<unsigned char, tls_key_bytes_max> no_key{};
  static constexpr TlsNonce no_nonce{};
  for (auto& ways : thread_contexts().ciphers) {
    for (CipherContext& context : ways) {
      if (context != nullptr &&
          EVP_CipherInit_ex2(context.get(), nullptr, no_key.data(), no_nonce.data(), -1, nullptr) != 1)
        context.reset();  // Which wipes as well, and costs the next record a new one.
    }
  }
}

}  // namespace hotline
