// TicketKeys: the keys that session tickets are sealed with (RFC 5077 4, RFC 8446 4.6.1).
//
// A ticket carries the session to the client, so the host stores nothing for a client that is away. The keys
// outlive a reload of the certificate; they change every half `lifetime_s`, and the one before still opens
// tickets, so that a stolen key opens no more than that. Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/openssl.h"

namespace hotline {

class TicketKeys {
 public:
  static constexpr std::uint32_t lifetime_s = 24 * 3600;  // Of a ticket, at most.

  explicit TicketKeys(Clock& clock);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Has `context` use these keys, which must outlive it and its SSL objects.
  void attach(SSL_CTX* context);

  // All of them, and their age, for a process that takes over: secret, to be wiped.
  static constexpr std::size_t carried_bytes = 168;
  std::string carried();
  // In place of ours. False: it is none that carried() gave; then nothing has changed.
  bool take(std::string_view carried);

 private:
  struct KeySet {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher_key;
    std::array<unsigned char, 32> mac_key;
  };

  enum class Opened { failed, unknown, by_current, by_previous };

  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int sealing);
  void make(KeySet& keys);
  void rotate_if_due();
  bool seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  Opened open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

  Clock& clock_;
  std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>> aes_;
  std::mutex mutex_;
  KeySet current_;
  KeySet previous_;
  std::uint64_t made_us_;
};

}  // namespace hotline
