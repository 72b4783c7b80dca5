#include "state/commit_window.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/prefetch.h"

namespace hotline {

void CommitWindow::opened() {
  if (due_us_ == UINT64_MAX) due_us_ = clock_.mono_us() + limits_.window_us;
  if (open_bytes_ > limits_.window_bytes_max) due_us_ = 0;
}

void CommitWindow::put(Ref<MailboxEntry> entry, const std::string& account, bool is_sent) {
  entry->kept = MailboxEntry::Kept::window;
  entry->put_us = clock_.mono_us();
  open_bytes_ += entry->body_bytes;
  if (is_sent && open_bytes_ <= limits_.window_bytes_max) {
    patient_.push_back({std::move(entry), &account});
    return;
  }
  entries_.push_back({std::move(entry), &account});
  opened();
}

std::uint64_t CommitWindow::patience_us() const {
  // Twice the mean covers most; where devices take longer than we may wait, waiting gains nothing.
  const std::uint64_t wanted = limits_.asked_after_us + 2 * accept_us_mean_;
  return wanted > limits_.patience_us_max ? limits_.window_us : std::max(wanted, limits_.window_us);
}

std::uint64_t CommitWindow::due_us() const {
  if (patient_.empty()) return due_us_;
  return std::min(due_us_, patient_.front().entry->put_us + patience_us());
}

void CommitWindow::forget(MailboxEntry& entry) {
  entry.is_accepted = true;
  if (entry.put_us != 0) {
    const std::uint64_t took_us = std::min(clock_.mono_us() - entry.put_us, limits_.patience_us_max);
    accept_us_mean_ = (accept_us_mean_ * 63 + took_us) / 64;
  }
  if (entry.kept == MailboxEntry::Kept::window) {
    // It never touches the disk. Acceptance is mostly in order, so the oldest go at once.
    open_bytes_ -= std::min<std::size_t>(open_bytes_, entry.body_bytes);
    while (!patient_.empty() && patient_.front().entry->is_accepted) patient_.pop_front();
    return;
  }
  drops_.push_back(entry.id);
  opened();
}

void CommitWindow::put_row(const std::string& table, std::string_view account, std::string_view key,
                           std::uint32_t schema, std::string_view value) {
  change_row({table, std::string(account), std::string(key)}, {true, schema, std::string(value)});
}

void CommitWindow::erase_row(const std::string& table, std::string_view account, std::string_view key) {
  change_row({table, std::string(account), std::string(key)}, {false, 0, {}});
}

// What it replaces is not written, and no longer counted.
void CommitWindow::change_row(RowName name, RowChange change) {
  const std::size_t key_bytes = std::get<2>(name).size();
  const auto bytes_of = [&](const RowChange& its) { return its.is_put ? its.value.size() + key_bytes : 0; };
  open_bytes_ += bytes_of(change);
  const auto [place, is_new] = rows_.try_emplace(std::move(name));
  if (!is_new) open_bytes_ -= std::min(open_bytes_, bytes_of(place->second));
  place->second = std::move(change);
  opened();
}

void CommitWindow::wait(const Receipt& receipt) {
  receipts_.push_back(receipt);
  opened();
}

void CommitWindow::wait(std::function<void()> call) {
  calls_.push_back(std::move(call));
  opened();
}

void CommitWindow::submit_kept(Kept& kept, StoreBatch& batch, Sent& sent) {
  MailboxEntry& entry = *kept.entry;
  if (entry.is_accepted) return;
  entry.kept = MailboxEntry::Kept::submitted;
  sent.bytes += entry.body_bytes;
  open_bytes_ -= std::min<std::size_t>(open_bytes_, entry.body_bytes);
  batch.put_messages.push_back({entry.id, *kept.account, entry.wall_ms, entry.tag, entry.flags,
                                module_name_(entry.module), entry.body});
  sent.entries.push_back(std::move(kept.entry));
}

void CommitWindow::submit_all() {
  for (Kept& kept : patient_) entries_.push_back(std::move(kept));
  patient_.clear();
  submit();
}

void CommitWindow::submit() {
  due_us_ = UINT64_MAX;
  StoreBatch batch;
  Sent sent{++last_number_, 0, {}, std::move(receipts_), std::move(calls_), {}};
  for (Kept& kept : entries_) submit_kept(kept, batch, sent);
  const std::uint64_t now_us = clock_.mono_us();
  // What is nearly due goes along: one commit instead of two.
  const std::uint64_t patience = patience_us() - std::min(patience_us(), limits_.window_us) / 2;
  while (!patient_.empty() &&
         (patient_.front().entry->is_accepted || patient_.front().entry->put_us + patience <= now_us)) {
    submit_kept(patient_.front(), batch, sent);
    patient_.pop_front();
  }
  for (auto& [name, change] : rows_) {
    const auto& [table, account, key] = name;
    if (change.is_put) {
      sent.bytes += change.value.size() + key.size();
      open_bytes_ -= std::min(open_bytes_, change.value.size() + key.size());
      batch.put_rows.push_back({table, account, key, change.schema, std::move(change.value)});
    } else {
      batch.erase_rows.push_back({table, account, key});
    }
  }
  batch.drop_messages = std::move(drops_);
  entries_.clear();
  drops_.clear();
  rows_.clear();
  receipts_.clear();
  calls_.clear();
  // Nothing to write and nobody who waits for an earlier batch: all of it was accepted in time.
  if (batch.empty() && sent.receipts.empty() && sent.calls.empty()) return;
  batch.shard = shard_;
  batch.number = sent.number;
  waiting_bytes_ += sent.bytes;
  sent_.push_back(std::move(sent));
  store_.submit(std::move(batch));
}

void CommitWindow::committed(std::uint64_t number, const Released& released, const OnDisk& on_disk,
                             const OnDiskElsewhere& elsewhere) {
  while (!sent_.empty() && sent_.front().number <= number) {
    Sent sent = std::move(sent_.front());
    sent_.pop_front();
    waiting_bytes_ -= std::min(waiting_bytes_, sent.bytes);
    std::vector<Receipt> receipts;
    for (std::size_t i = 0; i < sent.entries.size(); ++i) {
      constexpr std::size_t ahead = 8;
      if (i + ahead < sent.entries.size()) prefetch(sent.entries[i + ahead].get());
      MailboxEntry& entry = *sent.entries[i];
      entry.kept = MailboxEntry::Kept::disk;
      on_disk(entry);
      if (entry.receipt) receipts.push_back(std::exchange(entry.receipt, {}));
    }
    for (auto& [partition, entries] : sent.elsewhere) elsewhere(partition, std::move(entries));
    receipts.insert(receipts.end(), sent.receipts.begin(), sent.receipts.end());
    released(receipts);
    for (const std::function<void()>& call : sent.calls) call();
  }
}

void CommitWindow::leave(std::uint32_t partition, const AccountOf& account_of) {
  const auto let_go = [&](auto& all) {
    std::remove_reference_t<decltype(all)> staying;
    for (Kept& kept : all) {
      if (kept.entry->partition != partition) {
        staying.push_back(std::move(kept));
      } else if (!kept.entry->is_accepted) {
        open_bytes_ -= std::min<std::size_t>(open_bytes_, kept.entry->body_bytes);
      }
    }
    all = std::move(staying);
  };
  let_go(patient_);
  let_go(entries_);
  for (Sent& sent : sent_) {
    std::vector<Ref<MailboxEntry>> staying;
    for (Ref<MailboxEntry>& entry : sent.entries) {
      if (entry->partition != partition) {
        staying.push_back(std::move(entry));
      } else if (!entry->is_accepted) {
        sent.elsewhere[partition].push_back({account_of(*entry), entry->id});
      }
    }
    sent.entries = std::move(staying);
  }
  if (!rows_.empty() || !drops_.empty()) submit();
}

}  // namespace hotline
