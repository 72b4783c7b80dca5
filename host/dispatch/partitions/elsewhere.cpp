// What a shard has for accounts that are not here: sent on to their home, or kept until they come.
#include <map>
#include <utility>

#include "dispatch/partitions/far.h"
#include "dispatch/shard.h"

namespace hotline {

void ShardWorld::hand_in(Post post) {
  const std::uint32_t home = homes.of(post.partition);
  if (home != Homes::elsewhere) return all[home]->inbox().push_one(std::move(post));
  if (post.kind == Post::Kind::at_home) return all[0]->inbox().push_one(std::move(post));
  far.load()->post(post.partition, std::move(post));
}

void ShardWorld::entry_id_is_beyond(std::uint64_t id) {
  const std::uint64_t ours = id + ((id ^ host_number) & 1);
  std::uint64_t last = message_id->load();
  while (last < ours && !message_id->compare_exchange_weak(last, ours)) {
  }
}

bool Shard::is_for_elsewhere(const Post& post) const {
  switch (post.kind) {
    case Post::Kind::command:
      if (post.account.empty()) return false;
      break;
    case Post::Kind::at_home:
      // A question is answered by who was asked; what was asked of may be over there.
      if (world.homes.of(post.partition) == Homes::elsewhere || away_[post.partition]) return false;
      break;
    case Post::Kind::bytes:
    case Post::Kind::stanza:
    case Post::Kind::stored:
    case Post::Kind::connection:
    case Post::Kind::work: break;
    default: return false;
  }
  return !here_[post.partition];
}

void Shard::send_on(Post post) {
  const std::uint32_t home = world.homes.of(post.partition);
  if (home == Homes::elsewhere || (home == number && away_[post.partition])) return send_far(std::move(post));
  if (home == number) return wait_here(std::move(post));
  post_to(home, std::move(post));
}

// A connection cannot go to another process before it has logged in: it waits for its account, or, where that
// is not to come any more, is told to come again.
void Shard::send_far(Post post) {
  if (post.kind == Post::Kind::connection && !away_[post.partition]) return wait_here(std::move(post));
  if (post.kind == Post::Kind::connection) return streams.turn_away(std::move(post.extra->connection));
  counters.posts_out.add();
  const std::uint32_t partition = post.partition;
  world.far.load()->post(partition, std::move(post));
}

void Shard::wait_here(Post post) {
  waiting_count_.fetch_add(1, std::memory_order_relaxed);
  Waiting& waiting = waiting_[post.partition];
  (post.is_from_far ? waiting.from_far : waiting.own).push_back(std::move(post));
}

void Shard::post_waiting(std::uint32_t partition) {
  const auto found = waiting_.find(partition);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  waiting_count_.fetch_sub(waiting.from_far.size() + waiting.own.size(), std::memory_order_relaxed);
  for (Post& post : waiting.from_far) handle(post);
  for (Post& post : waiting.own) handle(post);
}

// Some of the accounts may have left after it was posted: each home gets its own. False: nobody is here.
bool Shard::keep_what_is_here(Post& fan_out) {
  const std::string_view all = fan_out.extra->text;
  std::string here;
  std::map<std::uint32_t, std::string> others;
  for (std::size_t at = 0, end = 0; at < all.size(); at = end + 1) {
    end = all.find('\n', at);
    const std::uint32_t partition = partition_of(all.substr(at, end - at));
    (here_[partition] ? here : others[partition]).append(all.substr(at, end - at + 1));
  }
  if (others.empty()) return true;
  const auto parts = static_cast<std::uint32_t>(others.size() + (here.empty() ? 0 : 1));
  const Receipt part = fan_out.receipt && parts > 1 ? share(fan_out.receipt, parts) : fan_out.receipt;
  calls.also_posted(fan_out.set, parts - 1);
  for (auto& [partition, lines] : others) {
    Post post;
    post.kind = Post::Kind::fan_out;
    post.partition = static_cast<std::uint8_t>(partition);
    post.module = fan_out.module;
    post.topic = fan_out.topic;
    post.set = fan_out.set;
    post.buffer = fan_out.buffer;
    post.receipt = part;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->text = std::move(lines);
    send_on(std::move(post));
  }
  fan_out.receipt = part;
  fan_out.extra->text = std::move(here);
  return !fan_out.extra->text.empty();
}

void Shard::tell_home(std::uint32_t partition, std::vector<StoredEntry> entries, EntryNews news) {
  Post post;
  post.kind = Post::Kind::stored;
  post.partition = static_cast<std::uint8_t>(partition);
  post.topic = static_cast<std::uint32_t>(news);
  post.extra = std::make_unique<Post::Extra>();
  post.extra->entries = std::move(entries);
  this->post(std::move(post));
}

void Shard::stored(Post& post) {
  const bool have_expired = post.topic == static_cast<std::uint32_t>(EntryNews::expired);
  for (const StoredEntry& news : post.extra->entries) {
    Account* account = accounts.find(news.account);
    MailboxEntry* entry = account == nullptr ? nullptr : account->mailbox.find(news.id);
    if (entry == nullptr) continue;  // It was accepted meanwhile.
    if (have_expired) {
      expiry.remove(*account, *entry);
      continue;
    }
    if (entry->kept == MailboxEntry::Kept::disk) continue;
    entry->kept = MailboxEntry::Kept::disk;
    bodies.is_safe(*entry);
    if (const Receipt receipt = std::exchange(entry->receipt, Receipt{})) release(receipt);
  }
  bodies.give_up();
  calls.run_queued();
}

void Shard::release_at_home(const Receipt& receipt) {
  if (here_[receipt.partition]) return sessions.released(receipt.session, receipt.stanza);
  const std::uint32_t home = world.homes.of(receipt.partition);
  if (home == Homes::elsewhere || (home == number && away_[receipt.partition])) return release_far(receipt);
  if (home != number) return release_on(home, receipt);
  Post post;
  post.kind = Post::Kind::safe;
  post.partition = receipt.partition;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->receipts.push_back(receipt);
  wait_here(std::move(post));
}

void Shard::release_far(const Receipt& receipt) {
  Far* const far = world.far;
  if (far == nullptr) return;  // Its host has gone, and who waited with it.
  Post post;
  post.kind = Post::Kind::safe;
  post.partition = receipt.partition;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->receipts.push_back(receipt);
  far->post(receipt.is_of_session() ? receipt.partition : UINT32_MAX, std::move(post));
}

}  // namespace hotline
