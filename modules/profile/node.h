// Node: how one node of an account's personal eventing is set up (XEP-0163), and its row in table
// "pep_nodes", schema 1.
//
//     key     the node's name; "" is how many bytes the account's items have in all (items.h)
//     value   access ' ' items at most ' ' 1: items are kept ' ' 1: the last one is sent to who comes
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "privacy/words.h"

namespace hotline::profile {

enum class Access : std::uint8_t { open, presence, whitelist };  // whitelist: the owner alone.

struct Node {
  static constexpr std::uint32_t items_max_max = 256;

  Access access = Access::presence;
  std::uint32_t items_max = 1;
  bool is_persistent = true;
  bool sends_last = true;

  std::string encode() const;
  static std::optional<Node> decode(std::string_view row);
  bool operator==(const Node&) const = default;

  // Takes what a form of XEP-0060 says: pubsub#access_model, max_items, persist_items and
  // send_last_published_item. Other fields change nothing. Nothing when all was taken.
  std::optional<privacy::Refusal> take(const sdk::Element& form);
  // The same as a form, to be filled in.
  void write_form(sdk::Xml& xml) const;
};

std::string_view text(Access access);

}  // namespace hotline::profile
