#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"

namespace hotline {
namespace {

constexpr std::uint64_t rotation_us = TicketKeys::lifetime_s / 2 * 1'000'000ull;

bool set_mac_key(EVP_MAC_CTX* mac, std::array<unsigned char, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

}  // namespace

TicketKeys::TicketKeys(Clock& clock)
    : clock_(clock), aes_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)), made_us_(clock.mono_us()) {
  check(aes_ != nullptr, "OpenSSL has AES-256-CBC");
  make(current_);
  make(previous_);
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

void TicketKeys::make(KeySet& keys) {
  check(RAND_bytes(keys.name.data(), static_cast<int>(keys.name.size())) == 1 &&
            RAND_priv_bytes(keys.cipher_key.data(), static_cast<int>(keys.cipher_key.size())) == 1 &&
            RAND_priv_bytes(keys.mac_key.data(), static_cast<int>(keys.mac_key.size())) == 1,
        "the random generator works");
}

void TicketKeys::rotate_if_due() {
  const std::uint64_t age_us = clock_.mono_us() - made_us_;
  if (age_us < rotation_us) return;
  // Nobody asked for a ticket for two turns: then what the current key sealed has expired too.
  if (age_us < 2 * rotation_us) {
    previous_ = current_;
  } else {
    make(previous_);
  }
  make(current_);
  made_us_ += age_us;
}

void TicketKeys::attach(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, lifetime_s);
  // One: a client comes back with the newest, and each costs a key derivation at login.
  SSL_CTX_set_num_tickets(context, 1);
}

std::string TicketKeys::carried() {
  const std::lock_guard lock(mutex_);
  rotate_if_due();
  std::string bytes;
  bytes.reserve(carried_bytes);  // A string that grows leaves secrets behind.
  for (const KeySet* keys : {&current_, &previous_}) {
    bytes.append(reinterpret_cast<const char*>(keys->name.data()), keys->name.size());
    bytes.append(reinterpret_cast<const char*>(keys->cipher_key.data()), keys->cipher_key.size());
    bytes.append(reinterpret_cast<const char*>(keys->mac_key.data()), keys->mac_key.size());
  }
  const std::uint64_t age_us = clock_.mono_us() - made_us_;
  for (unsigned shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(age_us >> shift & 0xff));
  return bytes;
}

bool TicketKeys::take(std::string_view carried) {
  if (carried.size() != carried_bytes) return false;
  std::uint64_t age_us = 0;
  for (std::size_t i = 8; i-- > 0;)
    age_us = age_us << 8 | static_cast<unsigned char>(carried[carried_bytes - 8 + i]);
  if (age_us > 2 * rotation_us) return false;
  const std::lock_guard lock(mutex_);
  std::size_t at = 0;
  const auto read = [&](auto& out) {
    std::memcpy(out.data(), carried.data() + at, out.size());
    at += out.size();
  };
  for (KeySet* keys : {&current_, &previous_}) {
    read(keys->name);
    read(keys->cipher_key);
    read(keys->mac_key);
  }
  made_us_ = clock_.mono_us() - age_us;
  return true;
}

int TicketKeys::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int sealing) {
  // A ticket of TLS 1.2 is what its session is decrypted with, and resuming it agrees on no new keys: whoever
  // stole a ticket key could read what was recorded. The client is sent an empty one (RFC 5077 3.3).
  if (SSL_version(ssl) != TLS1_3_VERSION) return 0;
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const std::lock_guard lock(keys->mutex_);
  keys->rotate_if_due();
  if (sealing != 0) return keys->seal(name, iv, cipher, mac) ? 1 : -1;
  switch (keys->open(name, iv, cipher, mac)) {
    case Opened::failed: return -1;
    case Opened::unknown: return 0;  // The handshake is a full one.
    case Opened::by_current:
    case Opened::by_previous:
      return 2;  // And a new ticket: clients use each once (RFC 8446 C.4), so they need the next one.
  }
  return -1;
}

bool TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  std::memcpy(name, current_.name.data(), current_.name.size());
  return RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes_.get())) == 1 &&
         EVP_EncryptInit_ex2(cipher, aes_.get(), current_.cipher_key.data(), iv, nullptr) == 1 &&
         set_mac_key(mac, current_.mac_key);
}

TicketKeys::Opened TicketKeys::open(const unsigned char* name, const unsigned char* iv,
                                    EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const bool is_current = std::memcmp(name, current_.name.data(), current_.name.size()) == 0;
  const bool is_previous = std::memcmp(name, previous_.name.data(), previous_.name.size()) == 0;
  if (!is_current && !is_previous) return Opened::unknown;
  KeySet& keys = is_current ? current_ : previous_;
  if (EVP_DecryptInit_ex2(cipher, aes_.get(), keys.cipher_key.data(), iv, nullptr) != 1 ||
      !set_mac_key(mac, keys.mac_key)) {
    return Opened::failed;
  }
  return is_current ? Opened::by_current : Opened::by_previous;
}

}  // namespace hotline
