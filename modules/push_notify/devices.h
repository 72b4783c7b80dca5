// Devices: which devices of an account want to be woken, as their clients say (XEP-0357 5 and 6), and as the
// gateway says that one is no more. Rows: device_row.h.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "push_notify/device_row.h"

namespace hotline::push_notify {

class Devices {
 public:
  explicit Devices(const hl_host* host);

  // <enable/> and <disable/> of the account's own client.
  sdk::Status on_iq(const hl_stanza_event& event) const;
  bool has_any(std::string_view account) const { return rows_.count(account) > 0; }
  // Calls `each(service, node, row)` for all that can be read.
  template <typename Each>
  void for_each(std::string_view account, Each each) const {
    for (auto row = rows_.next(account, {}); row; row = rows_.next(account, row->key)) {
      const std::size_t line_end = row->key.find('\n');
      const std::optional<DeviceRow> device = DeviceRow::decode(row->value);
      if (device && line_end != std::string_view::npos)
        each(row->key.substr(0, line_end), row->key.substr(line_end + 1), *device);
    }
  }
  // Whether there was one with that id.
  bool drop(std::string_view account, std::string_view id) const;
  void erase_all(std::string_view account) const;

 private:
  sdk::Status enable(const hl_stanza_event& event, const sdk::Element& asked,
                     const std::string& service) const;
  sdk::Status disable(const hl_stanza_event& event, const sdk::Element& asked,
                      const std::string& service) const;
  bool serves(std::string_view service) const;
  void make_room(std::string_view account) const;
  sdk::Status refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                     std::string_view text) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Random random_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table rows_;
};

}  // namespace hotline::push_notify
