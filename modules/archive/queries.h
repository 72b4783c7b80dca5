// Queries: what a user's clients ask of the user's own archive (XEP-0313), and the answers.
//
//     table "archive_state"   volatile, schema 1   key: "asked"   value: SECOND ' ' queries in it
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "history.h"
#include "search.h"

namespace hotline::archive {

class Queries {
 public:
  Queries(const hl_host* host, const History& history);

  // <query/> and <metadata/>. HL_E_NONE for anything else.
  sdk::Status on_iq(const hl_stanza_event& event) const;

 private:
  // A page: what is on it, oldest first.
  struct Page {
    std::vector<Kept> kept;
    std::size_t matching = 0;
    bool is_counted = false;   // All that matches was looked at.
    bool is_complete = false;  // Nothing that matches is left out.
  };
  sdk::Status search(const hl_stanza_event& event, const sdk::Element& query) const;
  Page page(std::string_view account, const Search& search) const;
  void send(const hl_stanza_event& event, std::string_view queryid, const Kept& kept) const;
  std::string metadata(std::string_view account) const;
  // One more query in this second; false: there are too many.
  bool may_ask(std::string_view account) const;
  sdk::Status refuse(const hl_stanza_event& event, const privacy::Refusal& refusal) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table state_;
  sdk::Counter asked_;
  const History& history_;
};

}  // namespace hotline::archive
