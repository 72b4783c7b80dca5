// Login: SASL on a stream, in the words of RFC 6120 6 or of XEP-0388, against the verifiers in table
// "accounts", or with a token (fast.h). What follows the second is in welcome.h.
//
// Between a client's elements an exchange is bytes in the stream's scratch, so that it goes on where the
// stream's shard or this module's generation changes. One exchange at a time; each that fails counts
// against the stream (stream.failed).
//
// Existence   An account that does not exist takes the same steps as one that does, with a salt made
//             from its name and a secret of the shard's: the same for each attempt, and gone from nobody's
//             sight by a push. Who asks learns only "not-authorized".
// Encryption  SASL2 is for streams that are encrypted, and where the operator says so for this machine's own.
// Downgrade   A client that could bind the channel and was kept from seeing that we offer it says so by
//             "y", and is refused (RFC 5802 6).
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "registration/account_row.h"
#include "session/exchange.h"
#include "session/fast.h"
#include "session/scram.h"
#include "session/secret.h"
#include "session/unbound.h"
#include "session/welcome.h"

namespace hotline::session {

constexpr std::string_view sasl_ns = "urn:ietf:params:xml:ns:xmpp-sasl";

struct Mechanism;  // login.cpp

class Login {
 public:
  explicit Login(const hl_host* host);

  // <mechanisms/> and <authentication/> for a stream that may log in now, and what goes with it.
  void write_features(sdk::Xml& xml, hl_stream stream, const hl_stream_info& info) const;
  // An element of the namespaces of SASL and SASL2. HL_E_NONE: the host has nothing for the second.
  sdk::Status on_element(hl_stream stream, const hl_stanza& element);
  // A password's key is computed.
  sdk::Status on_work(const hl_work_event& event);
  // The account has another password, or is gone: no token of it is good any more.
  void forget_tokens(std::string_view account) { tokens_.forget_all(account); }

 private:
  // One try, in the words it is made in.
  struct Attempt {
    hl_stream stream = 0;
    Profile profile = Profile::sasl;
    std::string_view wishes;  // Encoded. SASL2 only.
  };

  // How a mechanism is treated on a stream.
  enum class Offer { no, needs_encryption, yes };
  Offer offer(const Mechanism& mechanism, hl_stream stream, const hl_stream_info& info) const;
  bool may_bind(hl_stream stream) const;
  // What shows a password or a token to whoever listens may go over it.
  bool is_private(const hl_stream_info& info) const;

  sdk::Status begin(const Attempt& attempt, const hl_stream_info& info, const hl_stanza& auth);
  sdk::Status begin_sasl2(hl_stream stream, const hl_stream_info& info, const hl_stanza& authenticate);
  // `name`: the mechanism's. `text`: the client's first data in Base64; absent: it is asked for.
  sdk::Status begin_with(const Attempt& attempt, const hl_stream_info& info, std::string_view name,
                         std::optional<std::string_view> text);
  sdk::Status first_data(const Attempt& attempt, const Mechanism& mechanism, std::string_view data);
  sdk::Status begin_scram(const Attempt& attempt, const Mechanism& mechanism, std::string_view message);
  sdk::Status begin_plain(const Attempt& attempt, std::string_view message);
  sdk::Status take_token(const Attempt& attempt, const Mechanism& mechanism, std::string_view message);
  sdk::Status finish_scram(const Attempt& attempt, const Exchange& exchange, std::string_view message);
  sdk::Status answer(const Attempt& attempt, const hl_stanza& response);

  sdk::Status fail(const Attempt& attempt, std::string_view condition, std::string_view text = {}) const;
  sdk::Status succeed(const Attempt& attempt, std::string_view account, std::string_view data,
                      bool by_token = false);
  sdk::Status welcome(const Attempt& attempt, const std::string& account, std::string_view data,
                      bool by_token);
  sdk::Status challenge(const Attempt& attempt, std::string_view data) const;

  // The address a user name stands for; nothing when it cannot be one.
  std::optional<std::string> account_of(std::string_view username) const;
  // Whether `attempt` may be for `authzid`: its own account, and in SASL2 that of the stream's header as
  // well.
  bool is_authzid(const Attempt& attempt, std::string_view authzid, std::string_view account) const;

  // What a mechanism checks against: the account's, or one that nothing matches.
  struct Known {
    bool exists = false;
    std::uint32_t iterations = 0;
    std::string salt;
    std::string stored_key;
    std::string server_key;
  };
  Known known(std::string_view account, sdk::Digest digest);
  std::uint32_t usual_iterations();
  std::string mechanisms_of(hl_stream stream, const hl_stream_info& info, bool with_tokens) const;

  sdk::Streams streams_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Config config_;
  sdk::Log log_;
  sdk::Table accounts_;
  Secret secret_;
  Unbound unbound_;
  FastTokens tokens_;
  Welcome welcome_;
  sdk::Counter logins_;
  sdk::Counter token_logins_;
  sdk::Counter refused_;
  std::uint32_t iterations_seen_ = 0;  // Of the account last looked at.
};

}  // namespace hotline::session
