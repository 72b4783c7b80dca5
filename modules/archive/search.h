// Search: what a query asks of an archive (XEP-0313 4), with the page of it that is wanted (XEP-0059).
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "history.h"
#include "privacy/words.h"

namespace hotline::archive {

constexpr std::string_view ns_mam = "urn:xmpp:mam:2";
constexpr std::string_view ns_rsm = "http://jabber.org/protocol/rsm";

class Search {
 public:
  static constexpr std::size_t page_max = 100;
  static constexpr std::size_t page_otherwise = 50;  // Where the client names no `max`.
  static constexpr std::size_t ids_max = 100;

  // Of a <query/>; or why it is turned down. An id that is named has to be in the archive.
  static std::variant<Search, privacy::Refusal> read(const sdk::Element& query, std::string_view account,
                                                     const History& history, const sdk::Crypto& crypto);

  // What a row has to be behind, and before; empty: no bound.
  std::string_view after() const { return after_; }
  std::string_view before() const { return before_; }
  bool matches(std::string_view account, const Kept& kept) const;
  std::size_t page() const { return page_; }
  // The last of what matches, not the first.
  bool is_backwards() const { return is_backwards_; }
  bool is_flipped() const { return is_flipped_; }
  // It goes on from a page: what it looks at is a part of what matches.
  bool is_continued() const { return is_continued_; }

 private:
  using Refused = std::optional<privacy::Refusal>;
  // What it is read with.
  struct Reading {
    std::string_view account;
    const History& history;
    const sdk::Crypto& crypto;
  };
  Refused read_form(const sdk::Element& form, const Reading& reading);
  Refused read_field(const sdk::Element& field, const Reading& reading);
  Refused read_moment(std::string_view name, std::string_view value);
  Refused read_ids(const sdk::Element& field, const Reading& reading);
  Refused read_page(const sdk::Element& set, const Reading& reading);
  void begin_behind(std::string_view bound);
  void end_before(std::string_view bound);

  std::string after_, before_, with_;
  std::vector<std::string> ids_;  // Sorted; empty: all.
  bool has_ids_ = false;
  std::size_t page_ = page_otherwise;
  bool is_backwards_ = false;
  bool is_flipped_ = false;
  bool is_continued_ = false;
};

}  // namespace hotline::archive
