#include "items.h"

#include <algorithm>
#include <charconv>

namespace hotline::profile {

using privacy::Refusal;

namespace {

constexpr std::uint64_t nodes_max = 200;           // Of one account.
constexpr std::uint64_t bytes_max = 4 << 20;       // Of one account's items.
constexpr std::size_t payload_size_max = 131'072;  // A picture of 64 KiB as Base64 is 88 KiB.

std::string item_key(std::string_view name, std::string_view id) {
  return std::string(name).append(1, '\n').append(id);
}
std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}
Item item_of(std::string_view id, std::string_view value) {
  const std::string_view number = privacy::take_line(value);
  return {id, number_in(number), value};
}
Refusal full(std::string text) {
  return {"wait", "resource-constraint", std::move(text)};
}

}  // namespace

Items::Items(const hl_host* host)
    : nodes_(sdk::Tables(host).open("pep_nodes")), items_(sdk::Tables(host).open("pep_items")) {}

std::optional<Node> Items::node(std::string_view account, std::string_view name) const {
  const std::optional<std::string_view> row = nodes_.get(account, name);
  return row ? Node::decode(*row) : std::nullopt;
}

std::optional<Refusal> Items::set_up(std::string_view account, std::string_view name,
                                     const Node& node) const {
  // One row more than nodes: that of the bytes.
  if (!nodes_.get(account, name) && nodes_.count(account) > nodes_max)
    return full("200 nodes at most: delete one");
  // The row of the bytes is there as soon as there is a node, so that it can always be written.
  if (set_bytes(account, bytes(account)) != HL_OK || nodes_.put(account, name, node.encode()) != HL_OK)
    return full("there is no room for this node");
  const std::vector<Item> items = of(account, name);
  std::vector<std::string> beyond;
  for (std::size_t i = node.is_persistent ? node.items_max : 0; i < items.size(); ++i)
    beyond.push_back(item_key(name, items[i].id));
  for (const std::string& key : beyond) erase(account, key);
  return std::nullopt;
}

std::optional<Refusal> Items::publish(std::string_view account, std::string_view name, const Node& node,
                                      std::string_view id, std::string_view payload) const {
  if (payload.size() > payload_size_max)
    return Refusal{"modify", "not-acceptable", "an item has 131072 bytes at most",
                   "<payload-too-big xmlns='http://jabber.org/protocol/pubsub#errors'/>"};
  if (!node.is_persistent) return std::nullopt;
  const std::vector<Item> items = of(account, name);
  const std::uint64_t number = items.empty() ? 1 : items.front().number + 1;
  std::uint64_t freed = 0;
  std::vector<std::string> beyond;
  std::size_t others = 0;
  for (const Item& item : items) {
    if (item.id == id) {
      freed += item.payload.size();
    } else if (++others >= node.items_max) {
      freed += item.payload.size();
      beyond.push_back(item_key(name, item.id));
    }
  }
  const std::uint64_t before = bytes(account);
  if (before - std::min(before, freed) + payload.size() > bytes_max)
    return full("an account's items have 4 MiB at most: retract some");
  // The new item first: where there is no room for it the old ones stay.
  const std::string key = item_key(name, id);
  const std::size_t replaced = find(account, name, id).value_or(Item{}).payload.size();
  if (items_.put(account, key, std::to_string(number).append(1, '\n').append(payload)) != HL_OK)
    return full("there is no room for this item: retract some");
  sdk::require(set_bytes(account, before - std::min<std::uint64_t>(before, replaced) + payload.size()),
               "pep_nodes.put");
  for (const std::string& old : beyond) erase(account, old);
  return std::nullopt;
}

bool Items::retract(std::string_view account, std::string_view name, std::string_view id) const {
  const std::string key = item_key(name, id);
  if (!items_.get(account, key)) return false;
  erase(account, key);
  return true;
}

void Items::erase(std::string_view account, const std::string& key) const {
  const std::optional<std::string_view> row = items_.get(account, key);
  if (!row) return;
  const std::uint64_t size = item_of({}, *row).payload.size();
  const std::uint64_t before = bytes(account);
  items_.erase(account, key);
  static_cast<void>(set_bytes(account, before > size ? before - size : 0));  // There is such a row: it fits.
}

void Items::purge(std::string_view account, std::string_view name) const {
  std::vector<std::string> keys;
  for (const Item& item : of(account, name)) keys.push_back(item_key(name, item.id));
  for (const std::string& key : keys) erase(account, key);
}

void Items::remove(std::string_view account, std::string_view name) const {
  purge(account, name);
  nodes_.erase(account, name);
}

void Items::erase_all(std::string_view account) const {
  for (const sdk::Table& table : {nodes_, items_})
    for (auto row = table.next(account, {}); row; row = table.next(account, {}))
      table.erase(account, std::string(row->key));
}

std::vector<Item> Items::of(std::string_view account, std::string_view name) const {
  const std::string prefix = item_key(name, {});
  std::vector<Item> items;
  for (auto row = items_.next(account, prefix); row && row->key.starts_with(prefix);
       row = items_.next(account, row->key))
    items.push_back(item_of(row->key.substr(prefix.size()), row->value));
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.number > b.number; });
  return items;
}

std::optional<Item> Items::find(std::string_view account, std::string_view name, std::string_view id) const {
  const std::optional<std::string_view> row = items_.get(account, item_key(name, id));
  return row ? std::optional(item_of(id, *row)) : std::nullopt;
}

std::uint64_t Items::bytes(std::string_view account) const {
  return number_in(nodes_.get(account, "").value_or("0"));
}

sdk::Status Items::set_bytes(std::string_view account, std::uint64_t bytes) const {
  return nodes_.put(account, "", std::to_string(bytes));
}

}  // namespace hotline::profile
