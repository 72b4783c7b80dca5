#include "dispatch/transaction.h"

namespace hotline {

Ref<const Buffer> Transaction::find_kept(const Buffer* buffer) const {
  for (const Ref<const Buffer>& kept : kept_)
    if (kept.get() == buffer) return kept;
  return nullptr;
}

Ref<MailboxEntry> Transaction::known(std::uint64_t id) const {
  for (const Ref<MailboxEntry>& entry : entries_)
    if (entry->id == id) return entry;
  return nullptr;
}

void Transaction::roll_back() {
  for (std::size_t i = undos_.size(); i > 0; --i) undos_[i - 1].run();
  effects_.clear();
  rows_.clear();
}

void Transaction::step_back() {
  for (std::size_t i = undos_.size(); i > 0; --i)
    if (undos_[i - 1].is_exchange) undos_[i - 1].run();
}

void Transaction::step_forward() {
  for (const Undo& undo : undos_)
    if (undo.is_exchange) undo.run();
}

void Transaction::end() {
  effects_.clear();
  rows_.clear();
  undos_.clear();
  kept_.clear();
  calls_.clear();
  arena_.reset();
  entries_.clear();
  line = {};
  draining_session = 0;
  receipt_ = {};
  stanza_ = nullptr;
  is_open_ = false;
  has_met_parked_ = false;
}

}  // namespace hotline
