// PrivateXml: what a client keeps for itself, an element for each name and namespace (XEP-0049).
//
//     table "private_xml"   durable, schema 1   key: namespace '\n' name   value: the element
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "privacy/words.h"

namespace hotline::profile {

inline constexpr std::string_view ns_private = "jabber:iq:private";

class PrivateXml {
 public:
  explicit PrivateXml(const hl_host* host);
  sdk::Status on_iq(const hl_stanza_event& event) const;
  void erase_all(std::string_view account) const;

 private:
  std::optional<privacy::Refusal> get(std::string_view account, const sdk::Element& query,
                                      std::string& out) const;
  // Whole or not at all. Nothing when it was done.
  std::optional<privacy::Refusal> set(std::string_view account, const sdk::Element& query) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Table rows_;
};

}  // namespace hotline::profile
