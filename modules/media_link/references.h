// References: who was sent a link, and has not accepted the message yet. A file stays while there is one, or
// until its last time; once the last has gone it expires after `accepted_seconds`, in which clients that
// accept a message before they get its file do so, and which a link that is passed on takes back.
//
//     recipient's home  on_referenced   a message with a link is in the mailbox: a row, and word to the
//     folder folder's home     on_hold         a row of "media_holds", and word back recipient's home
//     look_through    the mailbox is empty: all of its messages were accepted, or are over folder's home
//     on_release      the row goes, and with the last one the file gets its end; word back
//
// Rows of the recipient, "media_references", are keyed by the file's name; the value says what its folder has
// yet to confirm: w (wanted), h (held), l (leaving). Until it is confirmed a word is said again with each
// round, and to hear it twice changes nothing: so the count is right whatever a crash took. Rows of a folder,
// "media_holds", are keyed "NAME RECIPIENT".
//
// That a mailbox is empty says more than is needed. Who always has something waiting keeps files until their
// last time; that is the price for asking nothing of those who deliver.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "files.h"
#include "slots.h"

namespace hotline::media_link {

class References {
 public:
  References(const hl_host* host, const Settings& settings, const Files& files);

  void on_referenced(std::string_view account, const hl_stanza& message) const;
  void on_hold(std::string_view bytes) const;
  void on_held(std::string_view account, std::string_view name) const;
  void on_release(std::string_view bytes) const;
  void on_released(std::string_view account, std::string_view name) const;
  void on_account_removed(std::string_view account) const;
  // The accounts behind `after`; the last one that was looked at, or nothing: it was all.
  std::string look_through(std::string after) const;
  void forget_file(std::string_view name) const;

 private:
  void look_at(std::string_view account) const;
  bool is_held(std::string_view name) const;
  void say(std::uint32_t topic, std::string_view name, std::string_view account) const;
  void answer(std::uint32_t topic, std::string_view account, std::string_view name) const;

  const Settings& settings_;
  const Files& files_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Mailboxes mailboxes_;
  sdk::Table references_, holds_;
};

}  // namespace hotline::media_link
