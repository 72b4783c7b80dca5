// ClientState: what a client that nobody looks at does not need now (XEP-0352). A session says <inactive/>;
// from then on presences and chat states wait for it, the latest of each sender, and it gets them in order
// when it says <active/> or is resumed. Messages never wait.
//
//     field "csi"    0: never said   1: inactive   2: active again
//     table "held"   volatile   key: session '\n'                      value: how many were held
//                               key: session '\n' kind '\n' sender     value: its number '\n' the stanza
//
// Here, and not with presence, since a client that was told of XEP-0352 must always find somebody who
// understands it, and because all that waits is in one order. Presences come from presence as posts.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

namespace hotline::routing {

inline constexpr std::string_view ns_client_state = "urn:xmpp:csi:0";

class ClientState {
 public:
  explicit ClientState(const hl_host* host);

  // <active/> and <inactive/>. HL_E_NONE for anything else.
  sdk::Status on_element(const hl_stanza_event& event) const;
  void resumed(std::string_view account, hl_session session) const;
  void ended(std::string_view account, hl_session session) const;

  bool is_inactive(hl_session session) const;
  // A chat state from `sender`. One that finds no room or is too large is dropped: it means nothing later.
  void hold_chat_state(std::string_view account, hl_session session, std::string_view sender,
                       std::string_view xml) const;
  // A message from `sender` says more than what it was doing before.
  void forget_chat_state(std::string_view account, hl_session session, std::string_view sender) const;
  // What presence posted: session '\n' sender '\n' stanza. Goes on at once to a session that is active, and
  // where it finds no room or is too large.
  sdk::Status on_presence(std::string_view account, std::string_view bytes) const;

 private:
  // In place of what is held under that key. False: neither is held now.
  bool hold(std::string_view account, const std::string& key, hl_session session, std::string_view xml) const;
  bool put(std::string_view account, const std::string& key, hl_session session, std::string_view xml) const;
  void flush(std::string_view account, hl_session session) const;

  sdk::Sessions sessions_;
  sdk::Table held_;
  sdk::Field state_;
};

}  // namespace hotline::routing
