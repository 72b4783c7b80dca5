#include "shard/timers.h"

#include <algorithm>

#include "base/heap_size.h"

namespace hotline {

Timers::Id Timers::set(std::uint64_t at_us, Call call) {
  const Id id = ++last_id_;
  calls_.emplace(id, Waiting{at_us, std::move(call)});
  heap_.push_back({at_us, id});
  std::push_heap(heap_.begin(), heap_.end());
  return id;
}

void Timers::cancel(Id id) {
  if (calls_.erase(id) == 0) return;
  if (heap_.size() > 64 && heap_.size() > 2 * calls_.size()) {
    std::erase_if(heap_, [this](const Due& due) { return !calls_.contains(due.id); });
    std::make_heap(heap_.begin(), heap_.end());
  }
}

std::size_t Timers::index_bytes() const {
  const std::size_t node_bytes = heap_node_bytes(sizeof(void*) + sizeof(std::pair<const Id, Call>));
  return heap_bytes(heap_) + calls_.size() * node_bytes + calls_.bucket_count() * sizeof(void*);
}

std::uint64_t Timers::due_us(Id id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? UINT64_MAX : found->second.at_us;
}

void Timers::drop_cancelled() {
  while (!heap_.empty() && !calls_.contains(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
}

void Timers::run(std::uint64_t now_us) {
  for (drop_cancelled(); !heap_.empty() && heap_.front().at_us <= now_us; drop_cancelled()) {
    const Id id = heap_.front().id;
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
    const auto found = calls_.find(id);
    const Call call = std::move(found->second.call);
    calls_.erase(found);
    call();
  }
}

std::uint64_t Timers::next_us() {
  drop_cancelled();
  return heap_.empty() ? UINT64_MAX : heap_.front().at_us;
}

}  // namespace hotline
