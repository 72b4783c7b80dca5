#include "avatars.h"

#include "photo.h"
#include "presence/words.h"

namespace hotline::profile {

namespace {

constexpr std::string_view ns_data = "urn:xmpp:avatar:data";  // The nodes are named so as well.
constexpr std::string_view ns_metadata = "urn:xmpp:avatar:metadata";
constexpr std::string_view no_avatar = "<metadata xmlns='urn:xmpp:avatar:metadata'/>";
constexpr std::size_t empty_id_bytes = 16;

std::string data_xml(const Picture& picture) {
  sdk::Xml xml;
  return xml.open("data", ns_data).text(picture.base64).take();
}
std::string metadata_xml(const Picture& picture) {
  sdk::Xml xml;
  xml.open("metadata", ns_metadata).open("info").attr("bytes", picture.bytes).attr("id", picture.hash);
  return xml.attr("type", picture.type).take();
}
std::string photo_xml(const Picture& picture) {
  sdk::Xml xml;
  return xml.open("PHOTO").leaf("TYPE", picture.type).leaf("BINVAL", picture.base64).close().take();
}

}  // namespace

Avatars::Avatars(const hl_host* host, const VCard& vcard, const Items& items, const Notices& notices)
    : vcard_(vcard),
      items_(items),
      notices_(notices),
      stanzas_(host),
      posts_(host),
      crypto_(host),
      random_(host),
      shown_(sdk::Tables(host).open(Photo::table_name)) {}

// ---- from the vCard

void Avatars::card_set(std::string_view account, const sdk::Element& card) const {
  const sdk::Element photo = card.child("PHOTO", ns_vcard);
  if (!photo || !photo.first()) {
    const std::string before(shown_.get(account, "").value_or(""));
    if (before.empty()) return;
    if (metadata(account).id == before)
      publish_item(account, ns_metadata, random_.hex(empty_id_bytes), no_avatar);
    return show(account, "");
  }
  const std::optional<Picture> picture =
      Picture::read(crypto_, photo.child("BINVAL", ns_vcard).text(), photo.child("TYPE", ns_vcard).text());
  if (!picture) return show(account, std::nullopt);
  // A client that changes another field sends the picture again.
  if (metadata(account).id != picture->hash) publish(account, *picture);
  show(account, picture->hash);
}

// The data first: who is told of the metadata asks for it. What does not fit is not published, and who set
// the vCard has it all the same.
void Avatars::publish(std::string_view account, const Picture& picture) const {
  if (publish_item(account, ns_data, picture.hash, data_xml(picture)))
    publish_item(account, ns_metadata, picture.hash, metadata_xml(picture));
}

bool Avatars::publish_item(std::string_view account, std::string_view name, std::string_view id,
                           std::string_view payload) const {
  std::optional<Node> node = items_.node(account, name);
  if (!node) {
    node = Node{.access = Access::open};
    if (items_.set_up(account, name, *node)) return false;
  }
  if (items_.publish(account, name, *node, id, payload)) return false;
  notices_.item(account, name, *node, id, payload);
  return true;
}

// ---- from the nodes

void Avatars::node_changed(std::string_view account, std::string_view name) const {
  if (name != ns_metadata && name != ns_data) return;
  const Metadata said = metadata(account);
  if (!said.has_info || !is_open(account, ns_metadata) || !is_open(account, ns_data)) {
    const std::optional<std::string_view> before = shown_.get(account, "");
    if (before && !before->empty() && put_into_card(account, nullptr)) show(account, "");
    return;
  }
  const std::optional<Picture> picture = published(account, said);
  if (picture && put_into_card(account, &*picture)) show(account, picture->hash);
}

bool Avatars::is_open(std::string_view account, std::string_view name) const {
  const std::optional<Node> node = items_.node(account, name);
  return node && node->access == Access::open;
}

Avatars::Metadata Avatars::metadata(std::string_view account) const {
  Metadata said;
  const std::vector<Item> items = items_.of(account, ns_metadata);
  const hl_stanza* stanza = items.empty() ? nullptr : stanzas_.parse(items.front().payload);
  if (stanza == nullptr) return said;
  for (sdk::Element info = stanzas_.root(*stanza).first(); info; info = info.next()) {
    if (!info.is("info", ns_metadata)) continue;
    said.has_info = true;
    if (!sdk::is_absent(info.attr("url")) || info.attr("id").empty()) continue;
    said.id = info.attr("id");
    said.type = info.attr("type");
    break;
  }
  return said;
}

std::optional<Picture> Avatars::published(std::string_view account, const Metadata& metadata) const {
  const std::optional<Item> item = items_.find(account, ns_data, metadata.id);
  const hl_stanza* data = item ? stanzas_.parse(item->payload) : nullptr;
  if (data == nullptr || !stanzas_.root(*data).is("data", ns_data)) return std::nullopt;
  std::optional<Picture> picture = Picture::read(crypto_, stanzas_.root(*data).text(), metadata.type);
  if (!picture || picture->hash != metadata.id) return std::nullopt;
  return picture;
}

bool Avatars::put_into_card(std::string_view account, const Picture* picture) const {
  const std::optional<std::string_view> row = vcard_.find(account);
  const hl_stanza* stanza = row ? stanzas_.parse(*row) : nullptr;
  if (row && stanza == nullptr) return false;
  std::string card("<vCard xmlns='vcard-temp'>");
  if (stanza != nullptr) {
    const sdk::Element root = stanzas_.root(*stanza);
    const std::string_view whole = root.xml();
    card.clear();
    std::size_t at = 0;
    for (sdk::Element child = root.first(); child; child = child.next()) {
      if (!child.is("PHOTO", ns_vcard)) continue;
      const auto begin = static_cast<std::size_t>(child.xml().data() - whole.data());
      card.append(whole.substr(at, begin - at));
      at = begin + child.xml().size();
    }
    card.append(whole.substr(at, whole.rfind("</") - at));
  }
  if (picture != nullptr) card.append(photo_xml(*picture));
  return vcard_.put(account, card.append("</vCard>"));
}

// ---- what presence says

void Avatars::show(std::string_view account, std::optional<std::string_view> hash) const {
  if (shown_.get(account, "") == hash) return;
  if (!hash) {
    shown_.erase(account, "");
    return;
  }
  if (shown_.put(account, "", *hash) != HL_OK) return;
  // Where there is no presence nobody is told of anybody.
  static_cast<void>(posts_.to_module("presence", account, presence::topic::avatar_changed, {}));
}

}  // namespace hotline::profile
