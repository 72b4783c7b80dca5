// StreamManagement: the elements of XEP-0198. The counting, the queue and the resumption window are the
// host's (hotline.session/1); this is what they look like on the wire.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "session/unbound.h"

namespace hotline::session {

constexpr std::string_view sm_ns = "urn:xmpp:sm:3";

// A count of stanzas or seconds, below 2^32, and nothing else.
std::optional<std::uint32_t> count_of(std::string_view text);
bool is_true(std::string_view text);

class StreamManagement {
 public:
  explicit StreamManagement(const hl_host* host);

  // An element of sm_ns on a stream that has logged in.
  sdk::Status on_element(const hl_stanza_event& event);
  // What the client asked for with <r/> is safe now.
  sdk::Status on_safe(hl_session session, std::uint64_t handled);

  // The same as parts of a login (XEP-0388), whose answer the client gets in one.
  struct Enabled {
    std::string element;  // <enabled/>
    std::uint32_t resume_s = 0;
  };
  // For a session that has none yet. `max_s` is what the client would like at most.
  std::optional<Enabled> offer(hl_session session, bool wants_resumption, std::uint32_t max_s) const;
  // Sends `answer`, with the element in it; stanzas are counted from there on.
  sdk::Status turn_on(hl_session session, std::string_view answer, std::uint32_t resume_s) const;
  // <resumed/>. The host puts its count in place of the first "%h" of the answer: no text of the client's may
  // come before it.
  static std::string resumed(std::string_view previous);
  static std::string failed(std::string_view condition);
  // The full address of the account's session that can be resumed by `id`; the account where there is none.
  std::string address_of(std::string_view account, std::string_view id) const;
  // As session.sm_resume.
  sdk::Status take_up(hl_stream stream, std::string_view previous, std::uint32_t h,
                      std::string_view answer) const;

 private:
  sdk::Status enable(hl_session session, const hl_stanza& element);
  sdk::Status resume(const hl_stanza_event& event);
  sdk::Status acknowledged(hl_stream stream, hl_session session, const hl_stanza& element);
  sdk::Status requested(hl_stream stream, hl_session session);
  sdk::Status answer(hl_session session, std::uint32_t handled);
  sdk::Status fail(hl_stream stream, std::string_view condition);
  // The client claims to have accepted more than it was sent: the stream ends (XEP-0198 4).
  sdk::Status refuse_count(hl_stream stream, std::uint32_t h, std::uint32_t sent);

  sdk::Streams streams_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  Unbound unbound_;
  sdk::Field acknowledged_;  // The client's last h: with what is unacknowledged, how many were sent.
};

}  // namespace hotline::session
