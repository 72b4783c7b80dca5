// Unbound: streams that have logged in and have yet to bind a resource or take up an old session. No session
// is theirs that could end with the account, so it is kept by which row of table "accounts" each was let in:
// where the account is gone by then, was registered anew by somebody else, or has another password, the
// stream goes.
//
// A row of table "unbound_streams" each, at the account's home, from its login until it is bound or gone.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::session {

class Unbound {
 public:
  explicit Unbound(const hl_host* host);

  // The stream was let in by what the account's row is now. False: too many of the account's are unbound.
  bool keep(hl_stream stream, std::string_view account);
  // Whether it may go on as the account's.
  bool is_good(hl_stream stream, std::string_view account) const;
  // It is bound, or gone.
  void forget(hl_stream stream, std::string_view account) const;
  // The account is gone or has another row: ends those that were let in by the one before.
  void end_stale(std::string_view account) const;
  // Ends one that is not good. HL_OK.
  sdk::Status turn_away(hl_stream stream) const;

 private:
  // What is kept of the account's row; nothing when there is none.
  std::optional<std::string> origin_of(std::string_view account) const;
  void forget_gone(std::string_view account) const;

  sdk::Streams streams_;
  sdk::Crypto crypto_;
  sdk::Table accounts_;
  sdk::Table rows_;
};

}  // namespace hotline::session
