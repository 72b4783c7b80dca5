// Post: what one thread has for a shard. Plain data and references: nothing in it points into a module, so it
// is handled by the set of modules that posted it while that is there, else by the one that serves the
// account.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/stanza.h"
#include "hotline/status.h"
#include "net/connection.h"
#include "state/account.h"
#include "state/receipt.h"
#include "state/store.h"

namespace hotline {

class Shard;

struct Post {
  enum class Kind : std::uint8_t {
    bytes,       // on_post, with `buffer` as bytes.
    stanza,      // on_post, with `buffer` as a Stanza.
    fan_out,     // The same for each account of extra->text, a line each.
    safe,        // extra->receipts are safe.
    stored,      // extra->entries, of accounts at home here, are on disk; with topic 1: they have expired.
    committed,   // Batch `number` is on disk.
    connection,  // extra->connection has its home here; `buffer`, a Stanza, is offered again.
    work,        // on_work: extra->token and extra->text.
    command,     // on_command: `number`, extra->token is its name, extra->text its parameters.
    at_home,     // extra->at_home, at the home of `account`.
    call,        // extra->call: for the control thread's questions.
  };

  // What only rare posts have.
  struct Extra {
    std::vector<Receipt> receipts;
    std::vector<StoredEntry> entries;
    std::function<void(Shard& home)> at_home;
    std::unique_ptr<Connection> connection;
    std::string token, text;
    hl_status status = HL_OK;
    std::function<void()> call;
  };

  Kind kind = Kind::call;
  std::uint8_t partition = 0;  // Of `account`, where there is one.
  bool is_from_far = false;    // The other process had it first: before what waits for its account here.
  std::uint16_t module = 0;
  std::uint32_t topic = 0;
  std::uint32_t set = 0;  // The serving set whose module posted it (live_set.h); 0: the core did.
  std::uint64_t number = 0;
  std::string_view account;  // Bare; lies in `buffer` or in `name`.
  Ref<const Buffer> buffer;
  Ref<const Buffer> name;
  Receipt receipt;  // Whoever waits for this to be safe.
  std::unique_ptr<Extra> extra;

  // Whom it is for. A stanza that is here already carries its recipient's address as a rule: nothing is
  // copied.
  void address(std::string_view bare) {
    partition = static_cast<std::uint8_t>(partition_of(bare));
    const std::string_view to = kind == Kind::stanza && buffer ? stanza().attr(0, "to") : std::string_view{};
    if (to.starts_with(bare)) {
      account = to.substr(0, bare.size());
    } else {
      name = Buffer::copy(bare);
      account = name->bytes();
    }
  }
  const Stanza& stanza() const { return static_cast<const Stanza&>(*buffer); }
};

}  // namespace hotline
