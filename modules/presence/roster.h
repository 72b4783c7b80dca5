// Roster: an account's contacts in table "roster", its version, and telling sessions of changes (RFC 6121 2).
//
// The version is a number that grows with each change; it begins with the time, so that an account that is
// made anew does not repeat the versions of the one before it.
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "roster_item.h"

namespace hotline::presence {

class Roster {
 public:
  explicit Roster(const hl_host* host);

  std::optional<RosterItem> find(std::string_view account, std::string_view contact) const;
  State state(std::string_view account, std::string_view contact) const;
  // On whose account a roster grows: strangers get no further than half of what there is room for.
  enum class By : std::uint8_t { owner, stranger };
  // HL_E_FULL: the account has as many contacts as it may, or the item is larger than the one before and all
  // of them have as many bytes as they may. An item that means nothing is erased.
  [[nodiscard]] sdk::Status put(std::string_view account, std::string_view contact, const RosterItem& item,
                                By by = By::owner) const;
  void erase(std::string_view account, std::string_view contact) const;
  void erase_all(std::string_view account) const;

  // Calls `each(contact, row)`; the roster must not change meanwhile.
  template <typename Each>
  void for_each(std::string_view account, Each each) const {
    for (auto row = table_.next(account, ""); row; row = table_.next(account, row->key))
      each(row->key, row->value);
  }

  // The text of the present version.
  std::string version(std::string_view account) const;
  // A new version, and a push of the item to every session that asked for the roster (2.1.6). An item that is
  // not there, or not listed, is pushed as removed.
  void push(std::string_view account, std::string_view contact, const RosterItem* item) const;
  // <item/> as the user sees it.
  static void append_item(sdk::Xml& xml, std::string_view contact, const RosterItem& item);

 private:
  sdk::Table table_;
  sdk::Sessions sessions_;
  sdk::Clock clock_;
  sdk::Field is_interested_;
  std::int64_t items_max_;
  std::size_t bytes_max_;
};

}  // namespace hotline::presence
