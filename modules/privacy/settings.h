// Settings: what an account shows of itself, as everybody reads it who has to keep to it.
//
//     table "privacy_settings"   durable, schema 1   key: a setting's name   value: one of its words
//
// A setting that was never made has no row. Written by privacy; routing reads it where a displayed marker
// passes.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string_view>

namespace hotline::privacy {

constexpr std::string_view settings_table = "privacy_settings";
constexpr std::string_view last_seen_setting = "last-seen";
constexpr std::string_view read_receipts_setting = "read-receipts";

enum class Visibility { everyone, contacts, nobody };

class Settings {
 public:
  explicit Settings(const hl_host* host) : rows_(sdk::Tables(host).open(settings_table)) {}

  Visibility last_seen(std::string_view account) const {
    const std::optional<std::string_view> word = rows_.get(account, last_seen_setting);
    if (word == "everyone") return Visibility::everyone;
    if (word && *word != "contacts") return Visibility::nobody;  // Unknown: the one that shows least.
    return Visibility::contacts;
  }
  // Displayed markers, out and in: who does not tell is not told.
  bool shares_read_receipts(std::string_view account) const {
    return rows_.get(account, read_receipts_setting).value_or("on") == "on";
  }

 private:
  sdk::Table rows_;
};

}  // namespace hotline::privacy
