// hotline.crypto/1: what logins need. Constant time where secrets are compared. [shard] for all calls.
#ifndef HOTLINE_CAP_CRYPTO_H
#define HOTLINE_CAP_CRYPTO_H

#include "hotline/host.h"

#define HL_CAP_CRYPTO "hotline.crypto/1"

#define HL_DIGEST_SHA1 1
#define HL_DIGEST_SHA256 2

typedef struct hl_cap_crypto {
  uint32_t size;
  uint32_t reserved;
  // `out` has 20 (SHA-1) or 32 (SHA-256) bytes.
  hl_status (*digest)(const hl_host* host, int32_t digest, hl_str data, void* out);
  hl_status (*hmac)(const hl_host* host, int32_t digest, hl_str key, hl_str data, void* out);
  int32_t (*equal)(const hl_host* host, hl_str a, hl_str b);  // 1 or 0, in constant time.
  // PBKDF2-HMAC (RFC 8018) off the loops: on_work is called at the home of `account` with `token` and the
  // derived key, which has the digest's size. HL_E_FULL: too many are waiting.
  hl_status (*pbkdf2)(const hl_host* host, int32_t digest, hl_str password, hl_str salt, uint32_t iterations,
                      hl_str account, hl_str token);
  // Prepares an address part (RFC 6122: nodeprep, nameprep, resourceprep) or a password (saslprep, RFC 4013).
  // `*out` lives until the event ends. HL_E_INVALID: it has characters that are not allowed.
  hl_status (*prepare)(const hl_host* host, int32_t profile, hl_str text, hl_str* out);
} hl_cap_crypto;

#define HL_PREPARE_NODE 1
#define HL_PREPARE_DOMAIN 2
#define HL_PREPARE_RESOURCE 3
#define HL_PREPARE_PASSWORD 4

#endif
