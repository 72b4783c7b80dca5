#include "state/commit_window.h"

#include <algorithm>

namespace hotline {

void CommitWindow::opened() {
  if (due_us_ == UINT64_MAX) due_us_ = clock_.mono_us() + limits_.window_us;
  if (open_bytes_ > limits_.window_bytes_max) due_us_ = 0;
}

void CommitWindow::put(Ref<MailboxEntry> entry, const std::string& account, const std::string& module) {
  entry->kept = MailboxEntry::Kept::window;
  open_bytes_ += entry->body->size();
  entries_.push_back({std::move(entry), account, &module});
  opened();
}

void CommitWindow::forget(MailboxEntry& entry) {
  entry.is_accepted = true;
  if (entry.kept == MailboxEntry::Kept::window)
    return;  // submit() passes it over: it never touches the disk.
  drops_.push_back(entry.id);
  opened();
}

void CommitWindow::put_row(const std::string& table, std::string_view account, std::string_view key,
                           std::uint32_t schema, std::string_view value) {
  open_bytes_ += value.size() + key.size();
  rows_[{table, std::string(account), std::string(key)}] = {true, schema, std::string(value)};
  opened();
}

void CommitWindow::erase_row(const std::string& table, std::string_view account, std::string_view key) {
  rows_[{table, std::string(account), std::string(key)}] = {false, 0, {}};
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

void CommitWindow::submit() {
  due_us_ = UINT64_MAX;
  StoreBatch batch;
  Sent sent{++last_number_, open_bytes_, {}, std::move(receipts_), std::move(calls_)};
  for (Kept& kept : entries_) {
    MailboxEntry& entry = *kept.entry;
    if (entry.is_accepted) continue;
    entry.kept = MailboxEntry::Kept::submitted;
    batch.put_messages.push_back(
        {entry.id, std::move(kept.account), entry.wall_ms, entry.tag, entry.flags, *kept.module, entry.body});
    sent.entries.push_back(std::move(kept.entry));
  }
  for (auto& [name, change] : rows_) {
    const auto& [table, account, key] = name;
    if (change.is_put) {
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
  open_bytes_ = 0;
  // Nothing to write and nobody who waits for an earlier batch: all of it was accepted in time.
  if (batch.empty() && sent.receipts.empty() && sent.calls.empty()) return;
  batch.shard = shard_;
  batch.number = sent.number;
  waiting_bytes_ += sent.bytes;
  sent_.push_back(std::move(sent));
  store_.submit(std::move(batch));
}

void CommitWindow::committed(std::uint64_t number, const Released& released) {
  while (!sent_.empty() && sent_.front().number <= number) {
    const Sent sent = std::move(sent_.front());
    sent_.pop_front();
    waiting_bytes_ -= std::min(waiting_bytes_, sent.bytes);
    for (const Ref<MailboxEntry>& entry : sent.entries) {
      entry->kept = MailboxEntry::Kept::disk;
      if (entry->receipt) {
        released(entry->receipt);
        entry->receipt = {};
      }
    }
    for (const Receipt& receipt : sent.receipts) released(receipt);
    for (const std::function<void()>& call : sent.calls) call();
  }
}

}  // namespace hotline
