// Slots: where an account may put a file (XEP-0363), and how much it has put.
//
//     owner's home    on_iq      size, type and quota are looked at; a row of "media_uploads" is made
//     folder's home   on_wanted  the slot's row is made
//     owner's home    on_made    the client is told
//     owner's home    on_stored  the row stays as long as the file does
//
// A row of "media_uploads" is of the owner, keyed by the file's name: "SIZE EXPIRES_MS SHA256". What was
// never put, and what was reaped, goes with its time, when the owner next wants a slot.
//
// Who asks with the file's SHA-256 (XEP-0300) and has put the same bytes before gets a slot that is full: the
// folder's home has the host copy them first (on_copied). For all others the digest changes nothing, so that
// nobody learns from it what is there.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "files.h"

namespace hotline::media_link {

// From the configuration.
struct Settings {
  explicit Settings(const hl_host* host);
  std::uint64_t size_max, quota_bytes, files_max;
  std::uint64_t slot_ms, upload_ms, keep_ms, accepted_ms;
  std::uint64_t archive_after_ms;  // 0: never.
  std::string url;                 // "https://example.org:8443"
  std::string node;                // What other nodes know this one by; empty: there are none.

  bool is_here(std::string_view link_node) const { return link_node.empty() || link_node == node; }
};

class Slots {
 public:
  Slots(const hl_host* host, const Settings& settings, const Files& files);

  void on_iq(const hl_stanza_event& event) const;
  void on_wanted(std::string_view bytes) const;
  // False: it was for something else.
  bool on_copied(const hl_work_event& event) const;
  void on_made(std::string_view bytes) const;
  void on_stored(std::string_view owner, std::string_view bytes) const;
  void on_account_removed(std::string_view owner) const;

 private:
  struct Used {
    std::uint64_t bytes = 0, files = 0;
    std::uint64_t frees_ms = 0;  // When the first of them goes.
  };
  Used used_by(std::string_view owner) const;
  void refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
              std::string_view text, std::string_view more = {}) const;
  bool has_put(std::string_view owner, std::uint64_t size, std::string_view digest) const;
  struct Wish {
    std::uint64_t size = 0;
    std::string type;
    std::string_view file_name;
    std::string digest;  // Of bytes that it has put already; else empty.
  };
  void grant(const hl_stanza_event& event, const Wish& wish) const;
  void tell_made(std::string_view owner, std::string_view session, std::string_view refused_name,
                 std::string_view answer) const;

  const Settings& settings_;
  const Files& files_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Random random_;
  sdk::Posts posts_;
  sdk::Files disk_;
  sdk::Table uploads_;
};

}  // namespace hotline::media_link
