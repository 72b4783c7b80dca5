// Interest: which nodes a session wants to be told of: what its client's capabilities (XEP-0115) have
// "+notify" behind (XEP-0163 4.2). A client is asked what its capabilities stand for when no other session of
// the account has the same; presence tells that a session is there, session passes the answer on.
//
//     table "pep_interest"   volatile   "s" '\n' resource       session '\n' capabilities
//                                       "q" '\n' resource       id of our question
//                                       "c" '\n' capabilities   a node on each line; as long as a session has
//                                       them
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "privacy/words.h"

namespace hotline::profile {

class Interest {
 public:
  explicit Interest(const hl_host* host);

  // A session has said that it is available: resource '\n' capabilities. The nodes it wants, when that is
  // news and known.
  std::optional<std::string> came(std::string_view account, std::string_view bytes) const;
  // A client's answer: resource '\n' id '\n' features. The nodes it wants, when it was asked.
  std::optional<std::string> told(std::string_view account, std::string_view bytes) const;
  void ended(std::string_view account, hl_session session, std::string_view resource) const;
  void erase_all(std::string_view account) const;

  // Calls `each(session)` for the account's sessions that want the node.
  template <typename Each>
  void for_each(std::string_view account, std::string_view node, Each each) const {
    for_each_session(account, [&](std::string_view resource, const Wish& wish) {
      // The resource may have passed to another session, which has not said yet what it wants.
      if (wants(account, wish.capabilities, node) && sessions_.find(account, resource) == wish.session)
        each(wish.session);
    });
  }

 private:
  struct Wish {
    hl_session session = 0;
    std::string_view capabilities;
  };
  static Wish wish_of(std::string_view row);
  template <typename Each>
  void for_each_session(std::string_view account, Each each) const {
    for (auto row = rows_.next(account, "s\n"); row && row->key.starts_with("s\n");
         row = rows_.next(account, row->key))
      each(row->key.substr(2), wish_of(row->value));
  }
  bool wants(std::string_view account, std::string_view capabilities, std::string_view node) const;
  void ask(std::string_view account, hl_session session, const std::string& resource,
           std::string_view capabilities) const;
  void forget(std::string_view account, const std::string& resource) const;

  sdk::Sessions sessions_;
  sdk::Random random_;
  sdk::Config config_;
  sdk::Table rows_;
};

}  // namespace hotline::profile
