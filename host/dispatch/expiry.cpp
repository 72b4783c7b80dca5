#include "dispatch/expiry.h"

#include <utility>

#include "base/log.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::uint64_t day_ms = 24ull * 60 * 60 * 1000;
constexpr std::size_t accounts_per_sweep = 5'000;
constexpr std::size_t entries_per_sweep = 256;  // Each is a call into a module.
}  // namespace

bool Expiry::is_due(const MailboxEntry& entry) const {
  return shard_.wall_ms() >= entry.wall_ms + shard_.world.limits.mailbox_ttl_days * day_ms;
}

void Expiry::sweep() {
  std::size_t entries_left = entries_per_sweep;
  for (std::size_t i = 0; i < accounts_per_sweep && entries_left > 0; ++i) {
    Account* account = shard_.accounts.next(at_);
    if (account == nullptr) {
      at_.clear();
      break;
    }
    at_ = account->address;
    entries_left -= look_at(*account, entries_left);
  }
  shard_.calls.run_queued();
}

// How many entries its module was told of. A mailbox is in order of time, so the first that is not due ends
// it.
std::size_t Expiry::look_at(Account& account, std::size_t entries_max) {
  const std::string address = account.address;
  std::size_t told = 0;
  std::uint64_t after = 0;
  while (told < entries_max) {
    // Each call may change anything, the account's end included.
    Account* still = shard_.accounts.find(address);
    MailboxEntry* entry = still == nullptr ? nullptr : still->mailbox.after(after);
    // One that a client is being sent will be accepted, or be here in the next round.
    while (entry != nullptr &&
           (entry->is_expiring || entry->holders > 0 || entry->kept != MailboxEntry::Kept::disk))
      entry = entry->newer;
    if (entry == nullptr || !is_due(*entry)) break;
    after = entry->id;
    if (!entry->body && !entry->is_missing) {
      read_back(*still);
      break;
    }
    tell(*still, *entry);
    ++told;
  }
  return told;
}

// What is due and on disk only comes into memory first; the next round finds it there.
void Expiry::read_back(Account& account) {
  if (is_reading_) return;
  std::vector<Ref<MailboxEntry>> wanted;
  for (MailboxEntry* entry = account.mailbox.first();
       entry != nullptr && is_due(*entry) && wanted.size() < entries_per_sweep; entry = entry->newer) {
    if (entry->body || entry->is_missing) continue;
    entry->retain();
    wanted.push_back(Ref<MailboxEntry>::adopt(entry));
  }
  is_reading_ = true;
  shard_.bodies.read(std::move(wanted), [this, address = account.address](bool is_read) {
    is_reading_ = false;
    Account* then = is_read ? shard_.accounts.find(address) : nullptr;
    if (then != nullptr) look_at(*then, entries_per_sweep);
    shard_.calls.run_queued();
  });
}

void Expiry::tell(Account& account, MailboxEntry& entry) {
  entry.is_expiring = true;
  entry.retain();
  const std::uint64_t number = mark | (++last_number_ & ~mark_bits);
  Told& told = told_[number];
  told.account = account.address;
  told.entry = Ref<MailboxEntry>::adopt(&entry);
  told.id = entry.id;
  bool is_taken = true;
  if (entry.is_missing) {
    log::error("mailbox.body_missing", {{"account", account.address}, {"entry", entry.id}});
    told.is_safe = true;  // Nobody can say what it was.
  } else {
    const Ref<MailboxEntry> held = told.entry;
    is_taken = shard_.calls.expired(told.account, held, shard_.numbered(number));
  }
  const auto found = told_.find(number);
  if (!is_taken) {  // Not now, or the module is not there: it is offered again in the next round.
    found->second.entry->is_expiring = false;
    told_.erase(found);
    return;
  }
  found->second.has_answered = true;
  if (found->second.is_safe) remove(number);
}

void Expiry::released(const Receipt& receipt) {
  const auto found = told_.find(receipt.session);
  if (found == told_.end()) return;
  found->second.is_safe = true;
  if (found->second.has_answered) remove(receipt.session);
}

void Expiry::remove(std::uint64_t number) {
  const auto found = told_.find(number);
  const Told told = std::move(found->second);
  told_.erase(found);
  if (!told.entry)
    return shard_.tell_home(partition_of(told.account), {{told.account, told.id}}, Shard::EntryNews::expired);
  Account* account = shard_.accounts.find(told.account);
  if (account == nullptr || told.entry->is_accepted) return;
  remove(*account, *told.entry);
}

void Expiry::remove(Account& account, MailboxEntry& entry) {
  shard_.counters.mailbox_expired.add();
  shard_.sessions.remove(account, entry);
  shard_.accounts.drop_if_empty(account);
}

void Expiry::leave(std::uint32_t partition) {
  for (auto& [number, told] : told_)
    if (told.entry && told.entry->partition == partition) told.entry = nullptr;
}

}  // namespace hotline
