#include "state/bodies.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.h"

namespace hotline {

namespace {
constexpr std::uint32_t large_bytes_min = 8 * 1024;
// Bodies that clients are being sent stay, for they will go by themselves; so many are passed over at a time.
constexpr int passed_over_max = 64;
}  // namespace

void Bodies::Queue::push(MailboxEntry& entry) {
  entry.body_older = newest;
  entry.body_newer = nullptr;
  (newest == nullptr ? oldest : newest->body_newer) = &entry;
  newest = &entry;
}

void Bodies::Queue::remove(MailboxEntry& entry) {
  (entry.body_older == nullptr ? oldest : entry.body_older->body_newer) = entry.body_newer;
  (entry.body_newer == nullptr ? newest : entry.body_newer->body_older) = entry.body_older;
  entry.body_older = entry.body_newer = nullptr;
}

Bodies::Queue& Bodies::queue_of(const MailboxEntry& entry) {
  return entry.body_bytes >= large_bytes_min ? large_ : small_;
}

void Bodies::take_in(MailboxEntry& entry) {
  entry.may_give_up = true;
  queue_of(entry).push(entry);
}

void Bodies::entered(MailboxEntry& entry) {
  if (!entry.body) return;
  grow(bytes_, entry.body_bytes);
  if (entry.kept == MailboxEntry::Kept::disk) take_in(entry);
}

void Bodies::is_safe(MailboxEntry& entry) {
  if (!entry.is_accepted && entry.body && !entry.may_give_up) take_in(entry);
}

void Bodies::left(MailboxEntry& entry) {
  if (entry.may_give_up) queue_of(entry).remove(entry);
  entry.may_give_up = false;
  if (entry.body) grow(bytes_, -static_cast<std::uint64_t>(entry.body_bytes));
}

void Bodies::leave(std::uint32_t partition) {
  for (auto& [number, reading] : readings_)
    for (Ref<MailboxEntry>& entry : reading.entries)
      if (entry && entry->partition == partition) entry = nullptr;
}

void Bodies::give_up() {
  give_up(large_);
  give_up(small_);
}

void Bodies::give_up(Queue& queue) {
  for (int passed_over = 0; memory_bytes() > bytes_max_ && queue.oldest != nullptr;) {
    MailboxEntry& entry = *queue.oldest;
    queue.remove(entry);
    if (entry.holders > 0) {
      queue.push(entry);
      if (++passed_over == passed_over_max) return;
      continue;
    }
    entry.may_give_up = false;
    entry.body = nullptr;
    grow(bytes_, -static_cast<std::uint64_t>(entry.body_bytes));
    grow(given_up_, 1);
  }
}

void Bodies::read(std::vector<Ref<MailboxEntry>> entries, std::function<void(bool)> then) {
  std::vector<std::uint64_t> ids;
  ids.reserve(entries.size());
  for (const Ref<MailboxEntry>& entry : entries) ids.push_back(entry->id);
  const std::uint64_t number = ++last_reading_;
  readings_.emplace(number, Reading{std::move(entries), std::move(then)});
  store_.read_bodies(std::move(ids), [this, number](Result<StoredBodies> bodies) {
    // Entries are counted by this shard's thread alone: the store's gets numbers, and gives bodies.
    auto shared = std::make_shared<Result<StoredBodies>>(std::move(bodies));
    come_back_([this, number, shared] { came(number, *shared); });
  });
}

void Bodies::came(std::uint64_t number, const Result<StoredBodies>& bodies) {
  const auto found = readings_.find(number);
  const Reading reading = std::move(found->second);
  readings_.erase(found);
  if (!bodies) {
    log::warning("mailbox.unreadable", {{"problem", bodies.error().message}});
    return reading.then(false);
  }
  for (std::size_t i = 0; i < reading.entries.size(); ++i) {
    if (!reading.entries[i]) continue;  // It has left.
    MailboxEntry& entry = *reading.entries[i];
    if (entry.is_accepted || entry.body) continue;
    entry.body = (*bodies)[i];
    entry.is_missing = !entry.body;
    if (entry.is_missing) continue;
    grow(bytes_, entry.body_bytes);
    grow(read_back_, 1);
    take_in(entry);
  }
  reading.then(true);
}

}  // namespace hotline
