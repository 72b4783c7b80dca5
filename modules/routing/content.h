// Content: what a message carries, as far as its delivery depends on it. One walk over the children.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

namespace hotline::routing {

inline constexpr std::string_view ns_carbons = "urn:xmpp:carbons:2";

struct Content {
  bool has_body = false;             // One with words in it.
  bool has_receipt_request = false;  // XEP-0184 <request/>
  bool has_answer = false;           // A receipt or a chat marker: it says something of an earlier message.
  bool has_read_marker = false;      // XEP-0333 <displayed/>, and <acknowledged/> of its older versions.
  bool has_chat_state = false;       // XEP-0085
  bool has_payload = false;          // Anything else that is not ours to judge: worth keeping.
  bool is_from_room = false;         // XEP-0045's muc#user: of a private message in a room.
  bool is_private = false;           // XEP-0280 <private/> or XEP-0334 <no-copy/>: no carbons.
  bool is_no_store = false;          // XEP-0334
  bool is_store = false;             // XEP-0334
  bool is_no_archive = false;        // XEP-0334 <no-permanent-store/>
  bool has_carbon = false;           // A carbon's wrapper, which a client may not make.
  bool has_forgery = false;          // Elements that only the host may add in its own name: see is_forged().
  std::string_view received_id;      // Of XEP-0184 <received/>. Until the event ends.

  static Content read(const sdk::Stanzas& stanzas, const hl_stanza& message, std::string_view domain);

  // Chat states, hints and the like alone mean nothing later (XEP-0160 3, XEP-0085 5.6).
  bool is_worth_keeping() const {
    return !is_no_store && (is_store || has_body || has_answer || has_payload);
  }
  bool is_worth_archiving() const { return is_worth_keeping() && !is_no_archive; }
  // What a sleeping device is woken for: not to hear that an earlier message has arrived or was read.
  bool is_worth_waking() const { return has_body || has_payload || (is_store && !has_answer); }
  // It says what its sender is doing, and nothing that is of use when that is over.
  bool is_chat_state_alone() const {
    return has_chat_state && !is_store && !has_body && !has_answer && !has_payload && !has_receipt_request;
  }
  // A read marker that came alone: there is nothing left without it.
  bool is_read_marker_alone() const {
    return has_read_marker && !is_store && !has_body && !has_payload && !has_receipt_request &&
           received_id.empty();
  }
  // XEP-0280 6.1, for what a message of type `normal` or `error` must have to be of interest.
  bool is_conversation() const { return has_body || has_answer || has_chat_state || has_receipt_request; }
};

// A marker that says that somebody has read a message (XEP-0333).
bool is_read_marker(const sdk::Element& child);

// A delay or stanza-id that claims to be from this domain (XEP-0203 4, XEP-0359 business rules).
bool is_forged(const sdk::Element& child, std::string_view domain);

}  // namespace hotline::routing
