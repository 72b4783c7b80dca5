// For those who keep messages: one that carries a link (XEP-0066) is shown to media_link at the recipient's
// home, so that the file stays until it was accepted; and how much of a picture may be in a message itself.
#pragma once

#include <algorithm>
#include <hotline/sdk.hpp>
#include <string_view>

#include "media_link/words.h"

namespace hotline::media_link {

constexpr std::string_view ns_out_of_band = "jabber:x:oob";
// 8 KiB of picture in Base64, and what a data: URI has before it.
constexpr std::size_t thumbnail_bytes_max = (8'192 + 2) / 3 * 4 + 64;

// A message that was put into the mailbox of `account`. One search in its bytes where it has no link.
inline void show_link(const sdk::Posts& posts, std::string_view account, const hl_stanza& message) {
  if (sdk::view(message.xml).find(ns_out_of_band) == std::string_view::npos) return;
  // Without media_link nobody counts; its sender's acknowledgement waits for it like for the message.
  static_cast<void>(posts.stanza_to_module("media_link", account, topic::referenced, message));
}

// XEP-0231 in the message, or XEP-0264 of a file that is shared (XEP-0447).
inline bool has_large_thumbnail(const sdk::Stanzas& stanzas, const hl_stanza& message) {
  if (message.xml.size <= thumbnail_bytes_max) return false;
  std::size_t largest = 0;
  for (sdk::Element child = stanzas.root(message).first(); child; child = child.next()) {
    if (child.is("data", "urn:xmpp:bob")) largest = std::max(largest, child.text().size());
    if (child.ns() != "urn:xmpp:sfs:0") continue;
    const sdk::Element file = child.child("file", "urn:xmpp:file:metadata:0");
    for (sdk::Element part = file.first(); part; part = part.next())
      if (part.is("thumbnail", "urn:xmpp:thumbs:1")) largest = std::max(largest, part.attr("uri").size());
  }
  return largest > thumbnail_bytes_max;
}

}  // namespace hotline::media_link
