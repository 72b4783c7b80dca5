#include "pubsub.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace hotline::profile {

using privacy::Refusal;

namespace {

constexpr std::size_t name_size_max = 1023;  // Bytes of a node's name, or of an item's id.
constexpr std::size_t item_id_bytes = 16;    // Of an id that we choose.
// Of one answer, beyond its first item: what is put before a connection at once.
constexpr std::size_t answer_bytes_max = 512 << 10;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_size_max &&
         std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}
std::string pubsub_error(std::string_view condition) {
  sdk::Xml xml;
  return xml.open(condition, "http://jabber.org/protocol/pubsub#errors").take();
}
Refusal no_name() {
  return {"modify", "bad-request", "nodes and items have names of 1 to 1023 bytes",
          pubsub_error("nodeid-required")};
}
Refusal not_there() {
  return {"cancel", "item-not-found"};
}
Refusal not_known() {
  return {"cancel", "feature-not-implemented",
          "publish, retract, create, items, configure, purge and delete are known"};
}
sdk::Element form_of(const sdk::Element& parent) {
  return parent.child("x", sdk::ns_forms);
}
// False, and nothing is written, when the answer is large enough without it.
bool append(sdk::Xml& xml, const Item& item) {
  if (xml.written().size() > answer_bytes_max) return false;
  xml.open("item").attr("id", item.id).raw(item.payload).close();
  return true;
}

}  // namespace

Pubsub::Pubsub(const hl_host* host, const Audience& audience, const Items& items, const Notices& notices)
    : audience_(audience), items_(items), notices_(notices), random_(host) {}

Pubsub::Outcome Pubsub::on_own(std::string_view account, std::string_view type, const sdk::Element& pubsub,
                               std::string& inner) const {
  if (pubsub.ns() == ns_owner) return on_owner(account, type, pubsub, inner);
  const sdk::Element wish = pubsub.first();
  if (!wish || wish.ns() != ns_pubsub) return Refusal{"modify", "bad-request"};
  if (type == "get" && wish.name() == "items") return items(account, Standing::owner, pubsub, inner);
  if (type == "set" && wish.name() == "publish") return publish(account, pubsub, inner);
  if (type == "set" && wish.name() == "retract") return retract(account, wish);
  if (type == "set" && wish.name() == "create") return create(account, pubsub, inner);
  return not_known();
}

Pubsub::Outcome Pubsub::on_owner(std::string_view account, std::string_view type, const sdk::Element& pubsub,
                                 std::string& inner) const {
  const sdk::Element wish = pubsub.first();
  const std::string_view name = wish.attr("node");
  if (!wish || wish.ns() != ns_owner) return Refusal{"modify", "bad-request"};
  if (!is_name(name)) return no_name();
  const std::optional<Node> node = items_.node(account, name);
  if (!node) return not_there();
  if (type == "get" && wish.name() == "configure") {
    sdk::Xml xml;
    xml.open("pubsub", ns_owner).open("configure").attr("node", name);
    node->write_form(xml);
    inner = xml.take();
    return std::nullopt;
  }
  if (type == "set" && wish.name() == "configure") return configure(account, wish);
  if (type == "set" && wish.name() == "purge") {
    items_.purge(account, name);
    return std::nullopt;
  }
  if (type == "set" && wish.name() == "delete") {
    items_.remove(account, name);
    notices_.deleted(account, name, *node);
    return std::nullopt;
  }
  return not_known();
}

Pubsub::Outcome Pubsub::configure(std::string_view account, const sdk::Element& configure) const {
  const std::string_view name = configure.attr("node");
  const sdk::Element form = form_of(configure);
  if (!form) return Refusal{"modify", "bad-request", "a configuration is a form"};
  if (form.attr("type") == "cancel") return std::nullopt;
  Node node = items_.node(account, name).value_or(Node{});
  if (Outcome refusal = node.take(form)) return refusal;
  return items_.set_up(account, name, node);
}

Pubsub::Outcome Pubsub::node_for(std::string_view account, std::string_view name, const sdk::Element& options,
                                 Node& node) const {
  const std::optional<Node> there = items_.node(account, name);
  node = there.value_or(Node{});
  if (const sdk::Element form = form_of(options))
    if (Outcome refusal = node.take(form)) return refusal;
  if (!there) return items_.set_up(account, name, node);
  if (*there == node) return std::nullopt;
  // XEP-0060 7.1.5: what the publisher relies on is not so, and it is not for a publish to change it.
  return Refusal{"cancel", "conflict", "the node is set up otherwise: configure it first",
                 pubsub_error("precondition-not-met")};
}

Pubsub::Outcome Pubsub::publish(std::string_view account, const sdk::Element& pubsub,
                                std::string& inner) const {
  const sdk::Element publish = pubsub.first();
  const std::string_view name = publish.attr("node");
  const sdk::Element item = publish.child("item", ns_pubsub);
  const sdk::Element payload = item.first();
  if (!is_name(name)) return no_name();
  if (!item || item.next())
    return Refusal{"modify", "bad-request", "a publish has one item", pubsub_error("item-required")};
  if (!payload || payload.next() || payload.ns() == ns_pubsub)
    return Refusal{"modify", "bad-request", "an item has one element, of a namespace of its own",
                   pubsub_error("invalid-payload")};
  const std::string id =
      sdk::is_absent(item.attr("id")) ? random_.hex(item_id_bytes) : std::string(item.attr("id"));
  if (!is_name(id)) return no_name();
  Node node;
  if (Outcome refusal = node_for(account, name, pubsub.child("publish-options", ns_pubsub), node))
    return refusal;
  if (Outcome refusal = items_.publish(account, name, node, id, payload.xml())) return refusal;
  notices_.item(account, name, node, id, payload.xml());
  sdk::Xml xml;
  xml.open("pubsub", ns_pubsub).open("publish").attr("node", name).open("item").attr("id", id);
  inner = xml.take();
  return std::nullopt;
}

Pubsub::Outcome Pubsub::retract(std::string_view account, const sdk::Element& retract) const {
  const std::string_view name = retract.attr("node");
  const sdk::Element item = retract.child("item", ns_pubsub);
  if (!is_name(name) || !is_name(item.attr("id"))) return no_name();
  const std::optional<Node> node = items_.node(account, name);
  if (!node || !items_.retract(account, name, item.attr("id"))) return not_there();
  const std::string_view notifies = retract.attr("notify");
  if (notifies == "1" || notifies == "true") notices_.retracted(account, name, *node, item.attr("id"));
  return std::nullopt;
}

Pubsub::Outcome Pubsub::create(std::string_view account, const sdk::Element& pubsub,
                               std::string& inner) const {
  const std::string_view given = pubsub.first().attr("node");
  const std::string name = sdk::is_absent(given) ? random_.hex(item_id_bytes) : std::string(given);
  if (!is_name(name)) return no_name();
  if (items_.node(account, name)) return Refusal{"cancel", "conflict", "there is such a node"};
  Node node;
  if (const sdk::Element form = form_of(pubsub.child("configure", ns_pubsub)))
    if (Outcome refusal = node.take(form)) return refusal;
  if (Outcome refusal = items_.set_up(account, name, node)) return refusal;
  sdk::Xml xml;
  xml.open("pubsub", ns_pubsub).open("create").attr("node", name);
  inner = xml.take();
  return std::nullopt;
}

Pubsub::Outcome Pubsub::items(std::string_view account, Standing standing, const sdk::Element& pubsub,
                              std::string& inner) const {
  const sdk::Element wanted = pubsub.first();
  const std::string_view name = wanted.attr("node");
  if (!is_name(name)) return no_name();
  const std::optional<Node> node = items_.node(account, name);
  if (!node || !may_see(standing, *node)) return not_there();
  std::uint32_t most = Node::items_max_max;
  const std::string_view digits = wanted.attr("max_items");
  if (!sdk::is_absent(digits) &&
      (std::from_chars(digits.data(), digits.data() + digits.size(), most).ec != std::errc{} || most == 0))
    return Refusal{"modify", "bad-request", "max_items is a number from 1"};
  most = std::min(most, Node::items_max_max);
  sdk::Xml xml;
  xml.open("pubsub", ns_pubsub).open("items").attr("node", name);
  if (wanted.child("item", ns_pubsub)) {
    write_named(xml, account, wanted, most);
  } else {
    const std::string_view after = pubsub.child("set", ns_rsm).child("after", ns_rsm).text();
    if (!write_latest(xml, account, name, after, most)) return not_there();
  }
  inner = xml.take();
  return std::nullopt;
}

// Each once, however often it is named.
void Pubsub::write_named(sdk::Xml& xml, std::string_view account, const sdk::Element& wanted,
                         std::uint32_t most) const {
  std::set<std::string_view> named;
  for (sdk::Element item = wanted.first(); item && named.size() < most; item = item.next()) {
    if (!item.is("item", ns_pubsub) || !named.insert(item.attr("id")).second) continue;
    const std::optional<Item> found = items_.find(account, wanted.attr("node"), item.attr("id"));
    if (found && !append(xml, *found)) return;
  }
}

// XEP-0060 6.5.4: of more than goes into an answer come the latest, with where they end, behind which the
// next are asked for. False: there is no item `after`.
bool Pubsub::write_latest(sdk::Xml& xml, std::string_view account, std::string_view name,
                          std::string_view after, std::uint32_t most) const {
  const std::vector<Item> all = items_.of(account, name);
  const auto bound = std::find_if(all.begin(), all.end(), [&](const Item& item) { return item.id == after; });
  if (bound == all.end() && !after.empty()) return false;
  const auto first = after.empty() ? all.begin() : bound + 1;
  const auto end = first + std::min<std::ptrdiff_t>(most, all.end() - first);
  auto at = first;
  while (at != end && append(xml, *at)) ++at;
  xml.close();
  if (at == end) return true;
  xml.open("set", ns_rsm).leaf("first", first->id).leaf("last", (at - 1)->id);
  xml.leaf("count", std::to_string(all.size())).close();
  return true;
}

// Who may see nothing gets the answer of an account that is not there; a contact is told what is the matter.
Pubsub::Outcome Pubsub::on_asked(std::string_view account, std::string_view asker, const sdk::Element& pubsub,
                                 std::string& inner) const {
  const Standing standing = audience_.standing(account, asker);
  const sdk::Element wish = pubsub.first();
  Outcome refusal = not_known();
  if (pubsub.ns() == ns_pubsub && wish.is("items", ns_pubsub))
    refusal = items(account, standing, pubsub, inner);
  if (refusal && standing != Standing::contact) return Refusal{"cancel", "service-unavailable"};
  return refusal;
}

}  // namespace hotline::profile
