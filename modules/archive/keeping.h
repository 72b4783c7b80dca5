// Keeping: a message on its way into an account's archive, from routing, which sees them all. At the
// account's home: of the recipient when it is delivered, of the sender when it is sent.
//
// Routing draws the id, because the message carries it to the recipient's devices (XEP-0359) and the bytes go
// out before archive is called. Where archive is not loaded, or disabled, this costs one question. What is
// posted is bytes and no stanza: whatever becomes of it there, nobody hears of it and no message waits for
// it.
#pragma once

#include <algorithm>
#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "archive/moment.h"
#include "archive/preferences.h"
#include "archive/topics.h"

namespace hotline::archive {

// Routing's volatile table: the moment of the account's last id. Ids stay in order within a millisecond.
constexpr std::string_view last_ids_table = "archived";

class Keeping {
 public:
  explicit Keeping(const hl_host* host)
      : posts_(host),
        random_(host),
        clock_(host),
        last_ids_(sdk::Tables(host).open(last_ids_table)),
        preferences_(host) {}

  // An id for a message between the account and `peer`; empty when it is not to be archived.
  std::string id(std::string_view account, std::string_view peer) const {
    if (posts_.reaches("archive") != HL_OK || !preferences_.covers(account, peer)) return {};
    const std::string_view last = last_ids_.get(account, last_key).value_or("");
    std::string id = moment_text(std::max(clock_.wall_ms() * us_per_ms, moment_us(last) + 1));
    if (last_ids_.put(account, last_key, id) != HL_OK) return {};
    return id.append(random_.hex(random_bytes));
  }
  // What a message that is archived says to the account's own devices.
  static std::string stanza_id(std::string_view account, std::string_view id) {
    std::string xml("<stanza-id xmlns='urn:xmpp:sid:0' by='");
    sdk::append_escaped(xml, account);
    return xml.append("' id='").append(id).append("'/>");
  }
  // `message`: its canonical bytes. A word that finds no room is lost with it.
  void keep(std::string_view account, std::string_view id, std::string_view peer,
            std::string_view message) const {
    std::string bytes(id);
    bytes.append(1, '\n').append(peer).append(1, '\n').append(message);
    static_cast<void>(posts_.to_module("archive", account, topic::keep, bytes));
  }

 private:
  static constexpr std::string_view last_key = "last";
  static constexpr std::size_t random_bytes = 8;

  sdk::Posts posts_;
  sdk::Random random_;
  sdk::Clock clock_;
  sdk::Table last_ids_;
  Preferences preferences_;
};

}  // namespace hotline::archive
