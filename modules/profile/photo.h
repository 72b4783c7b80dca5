// Photo: which picture an account shows, as everybody needs it who passes its presence on (XEP-0153,
// XEP-0398 4): contacts then see by a hash whether they have it already.
//
//     table "avatars"   durable, schema 1   key: ""   value: the SHA-1 of the vCard's picture, in lower-case
//                                           hexadecimal digits; nothing: there was one and is none now
//
// An account without a row says of its picture what its clients say. Written by profile. Read by presence and
// groups; the row is the host's, so both go on when profile is not there.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::profile {

class Photo {
 public:
  static constexpr std::string_view table_name = "avatars";
  static constexpr std::string_view ns_update = "vcard-temp:x:update";

  explicit Photo(const hl_host* host) : stanzas_(host), rows_(sdk::Tables(host).open(table_name)) {}

  // `presence`, a canonical available one of a client of `account`, with the hash in it. One that says by an
  // empty <photo/> that it shows none stays as it is; any other hash is replaced. At the account's home.
  std::string stamped(std::string_view account, std::string_view presence) const {
    const std::optional<std::string_view> hash = rows_.get(account, "");
    if (!hash || !presence.ends_with(end_tag)) return std::string(presence);
    std::string out(presence);
    // Most clients say nothing: they are not parsed once more.
    if (presence.find(ns_update) != std::string_view::npos) {
      const hl_stanza* stanza = stanzas_.parse(presence);
      if (stanza == nullptr || !without_update(stanzas_.root(*stanza), out)) return std::string(presence);
    }
    sdk::Xml update;
    update.open("x", ns_update).open("photo").text(*hash);
    return out.insert(out.size() - end_tag.size(), hash->empty() ? empty_update() : update.take());
  }

 private:
  static constexpr std::string_view end_tag = "</presence>";  // As canonical stanzas end.

  // `out`: the presence without what is said of a picture. False: it says that it shows none.
  static bool without_update(const sdk::Element& presence, std::string& out) {
    const std::string_view whole = presence.xml();
    out.clear();
    std::size_t at = 0;
    for (sdk::Element child = presence.first(); child; child = child.next()) {
      if (!child.is("x", ns_update)) continue;
      const sdk::Element photo = child.child("photo", ns_update);
      if (photo && photo.text().find_first_not_of(" \t\r\n") == std::string_view::npos) return false;
      const auto begin = static_cast<std::size_t>(child.xml().data() - whole.data());
      out.append(whole.substr(at, begin - at));
      at = begin + child.xml().size();
    }
    out.append(whole.substr(at));
    return true;
  }
  static std::string empty_update() {
    sdk::Xml update;
    return update.open("x", ns_update).empty("photo").take();
  }

  sdk::Stanzas stanzas_;
  sdk::Table rows_;
};

}  // namespace hotline::profile
