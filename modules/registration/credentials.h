// Credentials: turns a password into the verifiers of an account's row, off the loop.
//
// Two keys are derived, one for each hash, and come back one after the other (hotline.crypto/1, pbkdf2). What
// waits for them is a row of a volatile table, so that it goes on where a push replaces this module in
// between. A password is in no row, token or log line; a number's new key, which its owner has yet to be
// told, is in its row for that moment, and in memory alone.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::registration {

// Who asked, and is answered once the account's row is written.
struct Asker {
  enum class Kind : char {
    command_add = 'a',
    command_passwd = 'p',
    stream = 'r',
    session = 'c',
    number = 'n'
  };
  Kind kind = Kind::command_add;
  std::uint64_t number = 0;  // Command, stream or session, by kind.
  std::string answer;        // The iq result for a stream or session.
  std::string error;         // The iq error, should the account have come or gone meanwhile.
  // Whether the account must not exist before; else it must.
  bool adds() const { return kind == Kind::command_add || kind == Kind::stream; }
};

class Credentials {
 public:
  // `waiting`: the table of what waits, of its own for each kind of asker.
  Credentials(const hl_host* host, std::string_view waiting);

  // `password` is prepared. False: too many keys are being derived already.
  bool derive(std::string_view account, std::string_view password, const Asker& asker);

  struct Done {
    std::string account;
    Asker asker;
    bool is_derived = false;  // False: the keys could not be had; `row` is empty.
    std::string row;          // For table "accounts".
  };
  // A key has come. Nothing while the other is awaited, or for one that nobody waits for.
  std::optional<Done> on_work(const hl_work_event& event);
  // The account is another's from now on: what its sessions have asked for is dropped, since they end.
  void forget_changes(std::string_view account) const;

 private:
  std::string stored_and_server_key(sdk::Digest digest, std::string_view salted_password) const;

  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table pending_;
};

}  // namespace hotline::registration
