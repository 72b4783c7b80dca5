// Blocklist: how a user reads and changes whom they block (XEP-0191). What follows from a line of the list is
// done where stanzas pass: routing and presence read the rows themselves (blocked.h).
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "topics.h"
#include "words.h"

namespace hotline::privacy {

class Blocklist {
 public:
  explicit Blocklist(const hl_host* host);
  sdk::Status on_iq(const hl_stanza_event& event) const;
  void erase_all(std::string_view account) const;

 private:
  using Addresses = std::set<std::string>;
  std::string list(const hl_stanza_event& event) const;
  // Nothing when it was done.
  std::optional<Refusal> change(std::string_view account, const sdk::Element& wish) const;
  std::optional<Refusal> read(std::string_view account, const sdk::Element& wish, Addresses& out) const;
  std::optional<Refusal> block(std::string_view account, const Addresses& addresses) const;
  std::optional<Refusal> unblock(std::string_view account, const Addresses& addresses) const;
  // False: presence takes no posts now.
  bool tell_presence(std::string_view account, std::uint32_t topic, const Addresses& addresses) const;
  // To each session that asked for the list, once.
  void push(std::string_view account, std::string_view change, const Addresses& addresses) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Table rows_;
  sdk::Field is_interested_;
  std::uint64_t blocked_max_;
};

}  // namespace hotline::privacy
