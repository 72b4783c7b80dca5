// Avatars: one picture for who reads it in the vCard (XEP-0153) and for who reads it by personal eventing
// (XEP-0084), as XEP-0398 has it. Whichever a client sets, the other follows; photo.h has what presence then
// says.
//
// What is converted, and what is left as it came:
//     1. A vCard with a picture (picture.h): the picture is published on both nodes, which are made open when
//        they are not there, as the vCard is.
//     2. A vCard without one, where there was one: the metadata node gets an empty <metadata/>.
//     3. A vCard whose PHOTO is no such picture (a URL, no Base64, another type, too large): kept as it
//     comes,
//        and the nodes stay as they are.
//     4. Metadata, both nodes open: the first <info/> without a URL, whose id is the SHA-1 of the data item
//     of
//        that id, becomes the vCard's PHOTO; all else of the vCard stays. Empty metadata, no item, no node,
//        or a node that is no longer open takes the PHOTO away, where it is the picture of both.
//     5. Metadata that names no picture there is: the vCard stays as it is.
// Who is told: presence, when the hash changes; subscribers of the nodes, when these do.
//
// A conversion writes the other side's rows and asks nobody to convert: there is no way back into it.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "items.h"
#include "notices.h"
#include "picture.h"
#include "vcard.h"

namespace hotline::profile {

class Avatars {
 public:
  Avatars(const hl_host* host, const VCard& vcard, const Items& items, const Notices& notices);

  // The account's vCard is this now.
  void card_set(std::string_view account, const sdk::Element& card) const;
  // A client has changed a node of the account: its set-up, or what is on it.
  void node_changed(std::string_view account, std::string_view name) const;
  void erase_all(std::string_view account) const { shown_.erase(account, ""); }

 private:
  // What the metadata node says.
  struct Metadata {
    bool has_info = false;
    std::string id;  // Of the first <info/> without a URL; empty when there is none.
    std::string type;
  };
  Metadata metadata(std::string_view account) const;
  std::optional<Picture> published(std::string_view account, const Metadata& metadata) const;
  bool is_open(std::string_view account, std::string_view name) const;

  void publish(std::string_view account, const Picture& picture) const;
  bool publish_item(std::string_view account, std::string_view name, std::string_view id,
                    std::string_view payload) const;
  // The vCard's PHOTO: this one, or none.
  bool put_into_card(std::string_view account, const Picture* picture) const;
  // Nothing: the host does not know.
  void show(std::string_view account, std::optional<std::string_view> hash) const;

  const VCard& vcard_;
  const Items& items_;
  const Notices& notices_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Table shown_;
};

}  // namespace hotline::profile
