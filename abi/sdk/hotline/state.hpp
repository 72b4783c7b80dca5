// Tables, mailboxes, timers and posts: what a module keeps with the host, and words between homes.
// The contracts are in the C headers under cap/; what differs is said here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "hotline/cap/mailbox.h"
#include "hotline/cap/post.h"
#include "hotline/cap/table.h"
#include "hotline/cap/timer.h"
#include "hotline/capability.hpp"

namespace hotline::sdk {

struct Row {
  std::string_view key;
  std::string_view value;
};

// One table, opened. Views it answers are valid until that row is changed or the event ends.
class Table {
 public:
  Table(const hl_host* host, const hl_cap_table* call, std::uint32_t number)
      : host_(host), call_(call), number_(number) {}

  std::optional<std::string_view> get(std::string_view account, std::string_view key) const {
    hl_str value{};
    if (!found(call_->get(host_, number_, str(account), str(key), &value), "table.get")) return std::nullopt;
    return value.size == 0 ? std::string_view("") : view(value);
  }
  // HL_OK, or HL_E_FULL: the account has as many rows as it may, or this one is larger than rows are. Both
  // come from what users send, which must not become a fault.
  [[nodiscard]] Status put(std::string_view account, std::string_view key, std::string_view value) const {
    if (key.size() > HL_KEY_SIZE_MAX || value.size() > HL_ROW_SIZE_MAX) return HL_E_FULL;
    const Status status = call_->put(host_, number_, str(account), str(key), str(value));
    if (status != HL_OK && status != HL_E_FULL) throw Refused("table.put", status);
    return status;
  }
  // Whether there was such a row.
  bool erase(std::string_view account, std::string_view key) const {
    return found(call_->erase(host_, number_, str(account), str(key)), "table.erase");
  }
  // The row after `after`; absent: the first. To walk: for (auto row = t.next(a, {}); row; row = t.next(a,
  // key)), with `key` a copy of row->key when the row is changed on the way.
  std::optional<Row> next(std::string_view account, std::string_view after) const {
    hl_str key{}, value{};
    if (!found(call_->next(host_, number_, str(account), str(after), &key, &value), "table.next"))
      return std::nullopt;
    return Row{view(key), view(value)};
  }
  std::uint64_t count(std::string_view account) const {
    std::uint64_t rows = 0;
    found(call_->count(host_, number_, str(account), &rows), "table.count");
    return rows;
  }
  // Whether this shard is the account's home: false where the other calls would throw.
  bool is_home(std::string_view account) const {
    std::uint64_t rows = 0;
    return call_->count(host_, number_, str(account), &rows) != HL_E_ELSEWHERE;
  }
  std::optional<std::string_view> next_account(std::string_view after) const {
    hl_str account{};
    if (!found(call_->next_account(host_, number_, str(after), &account), "table.next_account"))
      return std::nullopt;
    return view(account);
  }

 private:
  static bool found(Status status, const char* call) {
    if (status != HL_OK && status != HL_E_NONE) throw Refused(call, status);
    return status == HL_OK;
  }
  const hl_host* host_;
  const hl_cap_table* call_;
  std::uint32_t number_;
};

class Tables : public Capability<Tables, hl_cap_table> {
 public:
  static constexpr const char* name = HL_CAP_TABLE;
  explicit Tables(const hl_host* host) : Capability(host) {}
  // Throws Refused when the manifest does not name the table.
  Table open(std::string_view table) const {
    std::uint32_t number = 0;
    require(call_->open(host_, str(table), &number), "table.open");
    return {host_, call_, number};
  }
};

class Mailboxes : public Capability<Mailboxes, hl_cap_mailbox> {
 public:
  static constexpr const char* name = HL_CAP_MAILBOX;
  explicit Mailboxes(const hl_host* host) : Capability(host) {}

  // The entry, or nothing: the mailbox is at its bound (resource-constraint for the sender).
  std::optional<hl_entry> put(std::string_view account, const hl_stanza& stanza, std::uint64_t tag,
                              std::uint32_t flags) const {
    hl_entry entry = 0;
    const Status status = call_->put(host_, str(account), &stanza, tag, flags, &entry);
    if (status == HL_E_FULL) return std::nullopt;
    require(status, "mailbox.put");
    return entry;
  }
  Status drain(hl_session session) const { return call_->drain(host_, session); }
  // Whether there was an entry with that tag.
  bool accept(std::string_view account, std::uint64_t tag) const {
    return call_->accept(host_, str(account), tag) == HL_OK;
  }
  Status remove(std::string_view account, hl_entry entry) const {
    return call_->remove(host_, str(account), entry);
  }
  std::uint64_t count(std::string_view account) const {
    std::uint64_t entries = 0, bytes = 0;
    require(call_->count(host_, str(account), &entries, &bytes), "mailbox.count");
    return entries;
  }
  struct Oldest {
    hl_entry entry = 0;
    std::uint64_t stored_wall_ms = 0;
  };
  // Nothing when nothing waits.
  std::optional<Oldest> oldest(std::string_view account) const {
    Oldest oldest;
    const Status status = call_->oldest(host_, str(account), &oldest.entry, &oldest.stored_wall_ms);
    if (status == HL_E_NONE) return std::nullopt;
    require(status, "mailbox.oldest");
    return oldest;
  }
  void purge(std::string_view account) const {
    const Status status = call_->purge(host_, str(account));
    if (status != HL_E_NONE) require(status, "mailbox.purge");
  }
};

class Timers : public Capability<Timers, hl_cap_timer> {
 public:
  static constexpr const char* name = HL_CAP_TIMER;
  explicit Timers(const hl_host* host) : Capability(host) {}
  [[nodiscard]] Status set(std::string_view account, std::string_view key, std::uint64_t delay_ms,
                           std::string_view bytes = {}) const {
    return call_->set(host_, str(account), str(key), delay_ms, str(bytes));
  }
  Status cancel(std::string_view account, std::string_view key) const {
    return call_->cancel(host_, str(account), str(key));
  }
};

class Posts : public Capability<Posts, hl_cap_post> {
 public:
  static constexpr const char* name = HL_CAP_POST;
  explicit Posts(const hl_host* host) : Capability(host) {}
  [[nodiscard]] Status bytes(std::string_view account, std::uint32_t topic, std::string_view bytes) const {
    return call_->bytes(host_, str(account), topic, str(bytes));
  }
  [[nodiscard]] Status stanza(std::string_view account, std::uint32_t topic, const hl_stanza& stanza) const {
    return call_->stanza(host_, str(account), topic, &stanza);
  }
  [[nodiscard]] Status to_module(std::string_view module, std::string_view account, std::uint32_t topic,
                                 std::string_view bytes) const {
    return call_->to_module(host_, str(module), str(account), topic, str(bytes));
  }
  [[nodiscard]] Status stanza_to_module(std::string_view module, std::string_view account,
                                        std::uint32_t topic, const hl_stanza& stanza) const {
    return call_->stanza_to_module(host_, str(module), str(account), topic, &stanza);
  }
  Status reaches(std::string_view module) const { return call_->reaches(host_, str(module)); }
  // `accounts`: bare addresses. The stanza has no `to`.
  [[nodiscard]] Status fan_out(std::span<const hl_str> accounts, std::uint32_t topic,
                               const hl_stanza& stanza) const {
    return call_->fan_out(host_, accounts.data(), accounts.size(), topic, &stanza);
  }
};

}  // namespace hotline::sdk
