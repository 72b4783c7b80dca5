#include "push/signing.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/freed.h"
#include "base/hex.h"
#include "base/whole_file.h"

namespace hotline {

namespace {

constexpr std::size_t key_file_bytes_max = 16'384;

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// Never asks on a terminal: a host has none.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

Result<PublicKey> PublicKey::parse_pem(std::string_view pem) {
  if (pem.find("PRIVATE KEY") != std::string_view::npos)
    return Error{"holds a private key: only its public one may be given away, the .pub beside it"};
  const Bio bio = bio_of(pem);
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return Error{"is no public key in PEM; `hotline keygen` makes one"};
  PublicKey result;
  std::size_t size = result.bytes_.size();
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), result.bytes_.data(), &size) != 1)
    return Error{"is a public key of another kind than Ed25519; `hotline keygen` makes one"};
  return result;
}

Result<PublicKey> PublicKey::read(const std::string& path) {
  Result<std::string> text = read_whole_file(path, key_file_bytes_max);
  if (!text) return text.error();
  Result<PublicKey> key = parse_pem(*text);
  if (!key) return Error{path + " " + key.error().message};
  return key;
}

std::string PublicKey::pem() const {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_.data(), bytes_.size()));
  const Bio bio(BIO_new(BIO_s_mem()));
  check(key != nullptr && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1, "a public key can be written");
  return text_of(bio);
}

std::string PublicKey::fingerprint() const {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  check(EVP_Digest(bytes_.data(), bytes_.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
        "SHA-256 is there");
  return to_hex(digest);
}

bool PublicKey::has_signed(std::span<const std::byte> bytes, const Signature& signature) const {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_.data(), bytes_.size()));
  const Context context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
}

SigningKey SigningKey::make() {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  SigningKey made;
  std::size_t size = made.seed_.size();
  check(key != nullptr && EVP_PKEY_get_raw_private_key(key.get(), made.seed_.data(), &size) == 1,
        "an Ed25519 key can be made");
  return made;
}

Result<SigningKey> SigningKey::read(const std::string& path) {
  Result<std::string> text = read_whole_file(path, key_file_bytes_max);
  if (!text) return text.error();
  if (text->find("BEGIN PUBLIC KEY") != std::string::npos)
    return Error{path + " is a public key; sign with the private one, the .key that was made with it"};
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    OPENSSL_cleanse(text->data(), text->size());
    return Error{path + " can be read by others than its owner; chmod 600 it"};
  }
  if (text->find("ENCRYPTED") != std::string::npos)
    return Error{path + " is encrypted; sign with `openssl pkeyutl -sign -rawin`, or decrypt it first"};
  const Bio bio = bio_of(*text);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  OPENSSL_cleanse(text->data(), text->size());
  SigningKey result;
  std::size_t size = result.seed_.size();
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_private_key(key.get(), result.seed_.data(), &size) != 1)
    return Error{path + " is no private Ed25519 key in PEM; `hotline keygen` makes one"};
  return result;
}

Result<void> SigningKey::write(const std::string& path) const {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Bio bio(BIO_new(BIO_s_mem()));
  check(key != nullptr &&
            PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "a private key can be written");
  std::string pem = text_of(bio);
  Result<void> written = write_new_file(path, pem, 0600);
  OPENSSL_cleanse(pem.data(), pem.size());
  return written;
}

PublicKey SigningKey::public_key() const {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  PublicKey result;
  std::size_t size = result.bytes_.size();
  check(key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), result.bytes_.data(), &size) == 1,
        "a private key has a public one");
  return result;
}

Signature SigningKey::sign(std::span<const std::byte> bytes) const {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Context context(EVP_MD_CTX_new());
  Signature signature{};
  std::size_t size = signature.size();
  check(key != nullptr && context != nullptr &&
            EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
            EVP_DigestSign(context.get(), signature.data(), &size,
                           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1,
        "Ed25519 can sign");
  return signature;
}

Result<std::optional<Signature>> read_signature_of(const std::string& file) {
  const std::string path = file + ".sig";
  if (access(path.c_str(), F_OK) != 0) return std::optional<Signature>();
  Signature signature{};
  const Result<std::string> bytes = read_whole_file(path, signature.size());
  if (!bytes || bytes->size() != signature.size())
    return Error{path + " is no signature (64 bytes): sign the file again with `hotline sign`"};
  std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(signature.data()));
  return std::optional(signature);
}

std::string hex_of(const Signature& signature) {
  return to_hex(signature);
}

std::optional<Signature> signature_of_hex(std::string_view hex) {
  Signature signature{};
  if (hex.size() != signature.size() * 2) return std::nullopt;
  const auto digit = [](char c) -> int {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < signature.size(); ++i) {
    const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    signature[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return signature;
}

}  // namespace hotline
