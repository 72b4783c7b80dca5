#include "state/mailbox.h"

#include <utility>

#include "base/check.h"

namespace hotline {

void Mailbox::put(Ref<MailboxEntry> entry) {
  MailboxEntry* raw = entry.leak();  // The list's reference.
  check(newest_ == nullptr || newest_->id < raw->id, "mailbox ids grow");
  raw->older = newest_;
  raw->newer = nullptr;
  (newest_ == nullptr ? oldest_ : newest_->newer) = raw;
  newest_ = raw;
  ++size_;
  bytes_ += raw->body_bytes;
}

void Mailbox::remove(MailboxEntry& entry) {
  (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
  (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
  entry.older = entry.newer = nullptr;
  --size_;
  bytes_ -= entry.body_bytes;
  entry.release();
}

void Mailbox::clear() {
  MailboxEntry* entry = std::exchange(oldest_, nullptr);
  newest_ = nullptr;
  size_ = 0;
  bytes_ = 0;
  while (entry != nullptr) {
    MailboxEntry* const next = std::exchange(entry->newer, nullptr);
    entry->older = nullptr;
    entry->release();
    entry = next;
  }
}

MailboxEntry* Mailbox::after(std::uint64_t id) const {
  if (newest_ == nullptr || newest_->id <= id) return nullptr;
  MailboxEntry* entry = oldest_;
  while (entry->id <= id) entry = entry->newer;
  return entry;
}

MailboxEntry* Mailbox::find(std::uint64_t id) const {
  for (MailboxEntry* entry = newest_; entry != nullptr && entry->id >= id; entry = entry->older)
    if (entry->id == id) return entry;
  return nullptr;
}

MailboxEntry* Mailbox::find_tag(std::uint64_t tag) const {
  for (MailboxEntry* entry = oldest_; entry != nullptr; entry = entry->newer)
    if (entry->tag == tag) return entry;
  return nullptr;
}

}  // namespace hotline
