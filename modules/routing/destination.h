// Destination: where a stanza's `to` points, its parts prepared (RFC 6122), so that two spellings of one
// account have one home.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::routing {

struct Destination {
  enum class Kind {
    account,    // Of this host's domain, bare or full.
    domain,     // The host itself, or a resource of it.
    elsewhere,  // Another domain.
    malformed,
  };

  Kind kind = Kind::malformed;
  bool is_respelled = false;  // `text` is not what the stanza has: it must be rewritten.
  std::string_view bare;      // Views into `text`, or into what the stanza has.
  std::string_view resource;  // Empty when there is none.
  std::string text;           // Only when it was respelled.

  // An absent `to` means the sender's own account (RFC 6120 10.3). The views of the result live as long as
  // `to`, `own_account` and the result itself, which must not be moved.
  Destination(const sdk::Crypto& crypto, std::string_view domain, std::string_view to,
              std::string_view own_account);
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

 private:
  void read(const sdk::Jid& jid, std::string_view domain);
};

// Whether preparation would leave the address as it is: ASCII, lower case where case does not matter, nothing
// that a profile maps or forbids. May say no for an address that preparation leaves alone, never the reverse.
bool is_prepared_ascii(const sdk::Jid& jid);

}  // namespace hotline::routing
