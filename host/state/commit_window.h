// CommitWindow: a shard's changes on their way to the store.
//
// They wait here for a few milliseconds, so that many become one commit and what is accepted meanwhile never
// reaches the disk. Then they go as a batch; when the store says that it is on disk, whoever waits is told.
//
// A message whose recipient is connected is worth more patience: until its client is asked to accept, and as
// long as devices have lately taken to do so, bounded by `patience_us_max`. Writing what is about to be
// deleted costs more than the message itself, and nobody but its sender's acknowledgement waits for it.
//
// Threads: its shard's; committed() is called there too (the store's word comes through the inbox).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "state/mailbox.h"
#include "state/receipt.h"
#include "state/store.h"

namespace hotline {

class CommitWindow {
 public:
  struct Limits {
    std::uint64_t window_us = 3'000;
    std::uint64_t asked_after_us = 100'000;  // When a connected client is asked to accept, at the latest.
    std::uint64_t patience_us_max = 300'000;
    std::size_t window_bytes_max = 1 << 20;      // Goes at once above this.
    std::size_t waiting_bytes_max = 256u << 20;  // With the store and not yet on disk: then is_full().
  };
  // What is told when it is on disk: `released` for each receipt, and the calls that wait.
  using Released = std::function<void(const std::vector<Receipt>&)>;
  using OnDisk = std::function<void(MailboxEntry&)>;
  // Of a partition that left meanwhile: these of its entries are on disk.
  using OnDiskElsewhere = std::function<void(std::uint32_t partition, std::vector<StoredEntry> entries)>;

  // `module_name` turns an entry's module number into its name, when it is written.
  using ModuleName = std::function<const std::string&(std::uint16_t module)>;

  CommitWindow(Store& store, std::uint32_t shard, Clock& clock, Limits limits, ModuleName module_name)
      : store_(store), shard_(shard), clock_(clock), limits_(limits), module_name_(std::move(module_name)) {}

  // `account` is that of the Account whose mailbox holds it. `is_sent`: a device of it is connected and may
  // accept it soon.
  void put(Ref<MailboxEntry> entry, const std::string& account, bool is_sent);
  // The entry was accepted (or dropped): it need not be kept any longer. Its receipt is the caller's.
  void forget(MailboxEntry& entry);

  void put_row(const std::string& table, std::string_view account, std::string_view key, std::uint32_t schema,
               std::string_view value);
  void erase_row(const std::string& table, std::string_view account, std::string_view key);
  bool has_open_rows() const { return !rows_.empty(); }

  // Told once everything so far is on disk.
  void wait(const Receipt& receipt);
  void wait(std::function<void()> call);

  // When submit() is due (Clock::mono_us); UINT64_MAX: nothing waits.
  std::uint64_t due_us() const;
  void submit();
  // `on_disk` is told of each entry that is there now, those that were accepted meanwhile among them.
  void committed(std::uint64_t number, const Released& released, const OnDisk& on_disk,
                 const OnDiskElsewhere& elsewhere);

  // A partition leaves this shard. What is open of its rows goes to the store now; its entries that have not
  // been submitted are let go of (their mailboxes have them, and they are put where they go); of those that
  // have, word is sent on.
  using AccountOf = std::function<const std::string&(const MailboxEntry& entry)>;
  void leave(std::uint32_t partition, const AccountOf& account_of);

  bool is_full() const { return waiting_bytes_ > limits_.waiting_bytes_max; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  std::size_t batches_waiting() const { return sent_.size(); }
  // Writes everything, patient or not: before the process ends.
  void submit_all();

 private:
  struct Kept {
    Ref<MailboxEntry> entry;
    const std::string* account;  // The account's own: it lives while the entry waits in its mailbox.
  };
  struct Sent {
    std::uint64_t number;
    std::size_t bytes;
    std::vector<Ref<MailboxEntry>> entries;
    std::vector<Receipt> receipts;
    std::vector<std::function<void()>> calls;
    std::map<std::uint32_t, std::vector<StoredEntry>> elsewhere;  // By partition.
  };
  using RowName = std::tuple<std::string, std::string, std::string>;  // Table, account, key.
  struct RowChange {
    bool is_put = false;
    std::uint32_t schema = 0;
    std::string value;
  };
  void change_row(RowName name, RowChange change);
  void opened();
  std::uint64_t patience_us() const;
  void submit_kept(Kept& kept, StoreBatch& batch, Sent& sent);

  Store& store_;
  const std::uint32_t shard_;
  Clock& clock_;
  const Limits limits_;
  const ModuleName module_name_;

  std::uint64_t due_us_ = UINT64_MAX;
  std::size_t open_bytes_ = 0;
  std::vector<Kept> entries_;
  std::deque<Kept> patient_;          // Oldest first.
  std::uint64_t accept_us_mean_ = 0;  // How long devices took to accept, lately.
  std::vector<std::uint64_t> drops_;
  std::map<RowName, RowChange> rows_;  // The last change of each wins.
  std::vector<Receipt> receipts_;
  std::vector<std::function<void()>> calls_;

  std::uint64_t last_number_ = 0;
  std::deque<Sent> sent_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace hotline
