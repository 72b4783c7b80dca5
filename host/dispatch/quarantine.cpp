#include "dispatch/quarantine.h"

#include <algorithm>

#include "dispatch/host.h"

namespace hotline {

namespace {

// Its stream may have gone to another shard or ended; then the stanza's sender was told of the error, and
// that is the end of it.
void offer_stanza(Shard& shard, std::uint64_t stream, const Ref<const Buffer>& content) {
  Stream* const found = shard.streams.find(stream);
  if (found == nullptr) return;
  const auto& stanza = static_cast<const Stanza&>(*content);
  stanza.retain();
  shard.calls.offer(*found, Ref<const Stanza>::adopt(&stanza), {});
}

void offer_post(Shard& shard, const FailedEvent& event) {
  Post post;
  post.kind = event.is_stanza ? Post::Kind::stanza : Post::Kind::bytes;
  post.module = event.number;
  post.topic = event.topic;
  post.account = event.account;
  post.buffer = event.content;
  shard.calls.posted(post);
}

}  // namespace

void Quarantine::put(FailedEvent event) {
  if (!keeps_content_) event.content = nullptr;
  const std::lock_guard lock(mutex_);
  if (entries_.size() == entries_max) entries_.pop_front();
  entries_.push_back({++last_number_, std::move(event)});
}

std::vector<Quarantine::Entry> Quarantine::list() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::uint64_t Quarantine::total() const {
  const std::lock_guard lock(mutex_);
  return last_number_;
}

bool Quarantine::drop(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(entries_, [number](const Entry& entry) { return entry.number == number; }) > 0;
}

std::size_t Quarantine::drop_all() {
  const std::lock_guard lock(mutex_);
  const std::size_t count = entries_.size();
  entries_.clear();
  return count;
}

Result<void> Quarantine::retry(std::uint64_t number, Host& host) {
  const std::string name = "event " + std::to_string(number) + " of the quarantine";
  FailedEvent event;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [number](const Entry& entry) { return entry.number == number; });
    if (found == entries_.end()) return Error{"there is no " + name + "; see `hotline quarantine list`"};
    const FailedEvent& its = found->event;
    if (its.content.get() == nullptr)
      return Error{
          name +
          " was dropped but for who and when: set `quarantine.keep_content` to keep what later ones hold"};
    if (its.kind != EventKind::stanza && its.kind != EventKind::post)
      return Error{name + " was for " + call_name(its.kind) + ", whose moment has passed; drop it"};
    event = its;
    entries_.erase(found);
  }
  const std::string account = event.account;  // The other one goes with the question.
  host.ask_home(account, [event = std::move(event)](Shard& shard) {
    if (event.kind == EventKind::stanza) return offer_stanza(shard, event.stream, event.content);
    offer_post(shard, event);
  });
  return {};
}

}  // namespace hotline
