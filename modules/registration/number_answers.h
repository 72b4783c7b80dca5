// What is said to somebody who asked for a PIN or came with one: over HTTP as JSON, in XMPP as XEP-0077 has
// it.
//
//     reason        HTTP  XMPP                        when
//     too_recent    429   wait resource-constraint    a PIN or a try comes too soon: `retry_after` says when
//     too_many      429   wait resource-constraint    the day's PINs, or the hour's requests, are used up
//     mismatch      403   modify not-acceptable       not that PIN: `tries_left`
//     stale         410   modify not-acceptable       no PIN is valid: ask for one
//     busy          503   wait resource-constraint    too much at once, or no gateway
//     bad_...       400   modify not-acceptable       number, pin, method or request cannot be read
//
// None of it depends on whether there is an account.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "registration/number_codes.h"

namespace hotline::registration {

// Who asked, as it travels between shards.
struct Applicant {
  enum class Kind : char { http = 'h', stream = 's' };
  Kind kind = Kind::http;
  std::uint64_t number = 0;  // The request or the stream.
  std::string id, to;        // Of the iq.

  std::string encode() const;
  static std::optional<Applicant> decode(std::string_view bytes);
};

class NumberAnswers {
 public:
  explicit NumberAnswers(const hl_host* host) : http_(host), streams_(host) {}

  void sent(const Applicant& applicant, std::uint64_t retry_after_s) const;
  void registered(const Applicant& applicant, std::string_view account, std::string_view key) const;
  void refused(const Applicant& applicant, const CodeAnswer& answer) const;
  // `what`: "number", "pin", "method", "request".
  void not_readable(const Applicant& applicant, std::string_view what, std::string_view why) const;
  void unknown(const Applicant& applicant) const;  // Numbers are not what this host registers.
  // The form of the first step, as what is inside <query/>.
  static std::string form();

 private:
  void fail(const Applicant& applicant, std::uint32_t status, std::string_view reason, std::string_view text,
            const CodeAnswer& answer) const;
  void result(const Applicant& applicant, std::string_view inner) const;

  sdk::Http http_;
  sdk::Streams streams_;
};

}  // namespace hotline::registration
