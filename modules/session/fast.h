// FastTokens: what a client is given to log in with next time, in one step (XEP-0484): 320 random bits, of
// which the table keeps hashes (fast_row.h).
//
// One installation of a client, which names itself by its user agent's id, has one row: at most two tokens,
// so that one which it never received has not taken the one it has. An account has so many rows; the client
// that stayed away longest makes room.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "session/fast_row.h"

namespace hotline::session {

class FastTokens {
 public:
  explicit FastTokens(const hl_host* host);

  // Whether tokens are given and taken here at all.
  bool are_on() const { return clients_max() > 0; }

  // Whose token it is: `account_row` is the account's of table "accounts".
  struct Owner {
    std::string_view account;
    std::string_view client;
    std::string_view account_row;
  };
  enum class Verdict { wrong, expired, right };
  struct Answer {
    Verdict verdict = Verdict::wrong;
    std::string responder;  // What tells the client that we know the token, too.
  };
  // `hash`: the client's HMAC(token, "Initiator" channel_data). A right one makes the tokens before it void.
  Answer check(const Owner& owner, fast::Kind kind, std::string_view hash, std::string_view channel_data);

  struct Issued {
    std::string token;
    std::uint64_t expires_wall_ms = 0;
  };
  // A new one. `keeps_used`: beside the one it has just used, which stays good until this one is used.
  // Nothing when there is no room.
  std::optional<Issued> issue(const Owner& owner, fast::Kind kind, bool keeps_used);
  // Of the client that has just used its token: the kind of one that is old enough to be replaced.
  std::optional<fast::Kind> due(const Owner& owner) const;

  void forget(std::string_view account, std::string_view client);
  void forget_all(std::string_view account);

 private:
  std::int64_t clients_max() const;
  std::uint64_t now_s() const { return clock_.wall_ms() / 1000; }
  std::string client_key(std::string_view client) const;
  std::string origin_of(std::string_view account_row) const;
  std::optional<fast::Row> row_of(const Owner& owner) const;
  bool fits(const fast::Token& token, fast::Kind kind, std::string_view hash,
            std::string_view channel_data) const;
  std::string responder_of(const fast::Token& token, std::string_view channel_data) const;
  fast::Token made_of(std::string_view text, fast::Kind kind) const;
  // Rows that are of no more use, and then those beyond the bound.
  void make_room(std::string_view account, const std::string& for_key);

  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table rows_;
};

}  // namespace hotline::session
