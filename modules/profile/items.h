// Items: an account's nodes and what was published on them, within bounds.
//
//     table "pep_nodes"   durable, schema 1   node.h
//     table "pep_items"   durable, schema 1   key: node '\n' item id   value: its number in the node '\n'
//     payload
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node.h"
#include "privacy/words.h"

namespace hotline::profile {

struct Item {
  std::string_view id;
  std::uint64_t number = 0;  // Grows in the order of publishing.
  std::string_view payload;
};

class Items {
 public:
  explicit Items(const hl_host* host);

  std::optional<Node> node(std::string_view account, std::string_view name) const;
  // Makes the node or sets it up anew; items beyond its new bound go. Nothing when it was done.
  std::optional<privacy::Refusal> set_up(std::string_view account, std::string_view name,
                                         const Node& node) const;
  std::optional<privacy::Refusal> publish(std::string_view account, std::string_view name, const Node& node,
                                          std::string_view id, std::string_view payload) const;
  // Whether there was such an item.
  bool retract(std::string_view account, std::string_view name, std::string_view id) const;
  void purge(std::string_view account, std::string_view name) const;
  void remove(std::string_view account, std::string_view name) const;
  void erase_all(std::string_view account) const;

  // The latest first. Views are valid until an item is changed.
  std::vector<Item> of(std::string_view account, std::string_view name) const;
  std::optional<Item> find(std::string_view account, std::string_view name, std::string_view id) const;

  // Calls `each(name, node)` for the account's nodes.
  template <typename Each>
  void for_each_node(std::string_view account, Each each) const {
    for (auto row = nodes_.next(account, ""); row; row = nodes_.next(account, row->key))
      if (const std::optional<Node> node = Node::decode(row->value)) each(row->key, *node);
  }

 private:
  std::uint64_t bytes(std::string_view account) const;
  sdk::Status set_bytes(std::string_view account, std::uint64_t bytes) const;
  void erase(std::string_view account, const std::string& key) const;

  sdk::Table nodes_;
  sdk::Table items_;
};

}  // namespace hotline::profile
