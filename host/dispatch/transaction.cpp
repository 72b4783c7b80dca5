#include "dispatch/transaction.h"

namespace hotline {

const std::string& Transaction::keep_text(std::string text) {
  texts_.push_back(std::make_unique<std::string>(std::move(text)));
  return *texts_.back();
}

const hl_stanza* Transaction::keep_view(const hl_stanza& view) {
  views_.push_back(std::make_unique<hl_stanza>(view));
  return views_.back().get();
}

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
  for (std::size_t i = undos_.size(); i > 0; --i) undos_[i - 1]();
  effects_.clear();
  rows_.clear();
}

void Transaction::end() {
  effects_.clear();
  rows_.clear();
  undos_.clear();
  kept_.clear();
  texts_.clear();
  views_.clear();
  entries_.clear();
  draining_session = 0;
  receipt_ = {};
  stanza_ = nullptr;
  is_open_ = false;
}

}  // namespace hotline
