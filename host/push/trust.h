// TrustStore: whose signature makes a file a module of this host.
//
//     DIR/trusted/NAME.pub        the keys that are trusted; `hotline trust` adds and removes them
//     DIR/keys/development.key    this host's own, for trying things: made at first start
//
// Read anew each time: what `hotline trust` changes holds from the next push on, without a restart. The
// development key is known by its bytes, so that a copy of it under another name stays one.
//
// Threads: any; changes by one process at a time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "push/signing.h"

namespace hotline {

struct TrustedKey {
  std::string name;
  PublicKey key;
  bool is_development = false;
};

// Who has signed a file, and how: what is kept of a generation so that a restart can ask again.
struct SignedBy {
  std::string name;         // Of the trusted key; empty: it is not signed.
  std::string fingerprint;  // Of the key.
  std::optional<Signature> signature;

  bool operator==(const SignedBy&) const = default;
};

class TrustStore {
 public:
  static constexpr std::size_t keys_max = 64;
  static constexpr const char* development_name = "development";

  explicit TrustStore(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  // By name. The error names a file in DIR/trusted that is no key, or that others may write there.
  Result<std::vector<TrustedKey>> keys() const;
  Result<void> add(const std::string& name, const PublicKey& key);
  Result<bool> remove(const std::string& name);  // False: there is none of that name.

  // Made and trusted where it is missing.
  Result<void> make_development_key();
  // The error: it is not there, or not for this user.
  Result<SigningKey> development_key() const;
  std::string development_key_path() const { return state_dir_ + "/keys/development.key"; }
  // Whether that is its public half. False as well where it cannot be read.
  bool is_development_key(const PublicKey& key) const;

 private:
  std::string state_dir_;
};

// The key that has signed these bytes so; nullptr: none of them.
const TrustedKey* signer_of(std::span<const std::byte> bytes, const Signature& signature,
                            std::span<const TrustedKey> keys);

}  // namespace hotline
