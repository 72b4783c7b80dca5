// Notices: telling those who want to know what was published (XEP-0163 4.3). Each subscriber's home knows
// what its sessions want; the owner's home knows who may see it.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "audience.h"
#include "interest.h"
#include "items.h"

namespace hotline::profile {

class Notices {
 public:
  Notices(const hl_host* host, const Audience& audience, const Items& items, const Interest& interest);

  void item(std::string_view account, std::string_view name, const Node& node, std::string_view id,
            std::string_view payload) const;
  void retracted(std::string_view account, std::string_view name, const Node& node,
                 std::string_view id) const;
  void deleted(std::string_view account, std::string_view name, const Node& node) const;
  // From another home: owner '\n' node '\n' event.
  void on_published(std::string_view account, std::string_view bytes) const;
  // What a session of the account that has just come wants: its own, and that of those it sees.
  void catch_up(std::string_view account, std::string_view resource, std::string_view nodes) const;
  // At the home of who is seen: asker '\n' nodes.
  void on_wanted(std::string_view account, std::string_view bytes) const;

 private:
  void tell(std::string_view account, std::string_view name, const Node& node, std::string_view event) const;
  void give(std::string_view account, std::string_view owner, std::string_view name,
            std::string_view event) const;
  template <typename Each>
  void for_each_last(std::string_view account, Standing standing, std::string_view nodes, Each each) const;

  const Audience& audience_;
  const Items& items_;
  const Interest& interest_;
  sdk::Sessions sessions_;
  sdk::Posts posts_;
};

// Whether somebody who stands so may see the node.
bool may_see(Standing standing, const Node& node);

}  // namespace hotline::profile
