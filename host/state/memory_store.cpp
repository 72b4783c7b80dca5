#include "state/memory_store.h"

#include <algorithm>

#include "state/history_chain.h"

namespace hotline {

void MemoryStore::Contents::apply(const StoreBatch& batch) {
  for (const StoredMessage& message : batch.put_messages) {
    messages[message.id] = message;
    id_max = std::max(id_max, message.id);
  }
  for (const std::uint64_t id : batch.drop_messages) messages.erase(id);
  for (const StoredRow& row : batch.put_rows) rows[{row.account, row.table, row.key}] = row;
  for (const StoreBatch::RowName& row : batch.erase_rows) rows.erase({row.account, row.table, row.key});
}

MemoryStore::Contents MemoryStore::contents() const {
  Contents all = settled_;
  for (const StoreBatch& batch : recent_) all.apply(batch);
  return all;
}

Result<void> MemoryStore::load(const std::function<void(StoredRow&&)>& on_row,
                               const std::function<void(StoredMessage&&)>& on_message) {
  Contents all = contents();
  for (auto& [name, row] : all.rows) on_row(std::move(row));
  for (auto& [id, message] : all.messages) on_message(std::move(message));
  return {};
}

std::uint64_t MemoryStore::message_id_max() {
  return contents().id_max;
}

void MemoryStore::submit(StoreBatch batch) {
  waiting_.push_back({std::move(batch), clock_.mono_us()});
}

std::vector<StoredRow> MemoryStore::rows() const {
  Contents all = contents();
  std::vector<StoredRow> rows;
  for (auto& [name, row] : all.rows) rows.push_back(std::move(row));
  return rows;
}

bool MemoryStore::commit_next() {
  if (is_full_ || waiting_.empty()) return false;
  StoreBatch batch = std::move(waiting_.front().batch);
  waiting_.pop_front();
  const std::uint32_t shard = batch.shard;
  const std::uint64_t number = batch.number;
  make_safe(std::move(batch));
  if (committed_) committed_(shard, number);  // Last: it may submit more.
  return true;
}

std::size_t MemoryStore::commit_all() {
  std::size_t count = 0;
  while (commit_next()) ++count;
  return count;
}

void MemoryStore::make_safe(StoreBatch batch) {
  ++commits_;
  messages_written_ += batch.put_messages.size();
  recent_.push_back(std::move(batch));
  if (recent_.size() <= lose_max) return;
  settled_.apply(recent_.front());
  recent_.pop_front();
}

void MemoryStore::crash(std::size_t safe_untold) {
  for (; safe_untold > 0 && !waiting_.empty() && !is_full_; --safe_untold) {
    make_safe(std::move(waiting_.front().batch));
    waiting_.pop_front();
  }
  waiting_.clear();
  committed_ = nullptr;
}

void MemoryStore::lose_last(std::size_t count) {
  for (; count > 0 && !recent_.empty(); --count) recent_.pop_back();
}

void MemoryStore::read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) {
  const auto body_of = [this](std::uint64_t id) -> Ref<const Buffer> {
    for (auto batch = recent_.rbegin(); batch != recent_.rend(); ++batch) {
      const std::vector<std::uint64_t>& dropped = batch->drop_messages;
      if (std::find(dropped.begin(), dropped.end(), id) != dropped.end()) return nullptr;
      for (const StoredMessage& message : batch->put_messages)
        if (message.id == id) return message.body;
    }
    const auto found = settled_.messages.find(id);
    return found == settled_.messages.end() ? nullptr : found->second.body;
  };
  StoredBodies bodies;
  for (const std::uint64_t id : ids) bodies.push_back(body_of(id));
  done(std::move(bodies));
}

StoreHealth MemoryStore::health() {
  StoreHealth health;
  health.is_writable = !is_full_;
  if (is_full_) health.problem = full().message;
  health.batches_waiting = waiting_.size();
  for (const Waiting& each : waiting_)
    for (const StoredMessage& message : each.batch.put_messages)
      if (message.body) health.bytes_waiting += message.body->size();
  if (!waiting_.empty()) health.oldest_waiting_ms = (clock_.mono_us() - waiting_.front().submitted_us) / 1000;
  health.commits = commits_;
  health.messages_written = messages_written_;
  return health;
}

Error MemoryStore::full() const {
  return {"store in memory: database or disk is full; the simulation makes room"};
}

Result<HistoryRecord> MemoryStore::append_history(std::string kind, std::string json) {
  if (is_full_) return full();
  HistoryRecord record;
  record.number = history_.size() + 1;
  record.wall_ms = clock_.wall_ms();
  record.kind = std::move(kind);
  record.json = std::move(json);
  record.chain = history_chain(history_.empty() ? std::string_view() : history_.back().chain, record);
  history_.push_back(record);
  return record;
}

Result<std::vector<HistoryRecord>> MemoryStore::history(std::size_t newest_max) {
  const std::size_t count = std::min(newest_max, history_.size());
  return std::vector<HistoryRecord>(history_.end() - static_cast<std::ptrdiff_t>(count), history_.end());
}

Result<void> MemoryStore::set_setting(std::string_view name, std::string_view value) {
  if (is_full_) return full();
  settings_[std::string(name)] = value;
  return {};
}

Result<std::string> MemoryStore::setting(std::string_view name) {
  const auto found = settings_.find(name);
  return found == settings_.end() ? std::string() : found->second;
}

Result<void> MemoryStore::checkpoint() {
  if (is_full_) return full();
  return {};
}

}  // namespace hotline
