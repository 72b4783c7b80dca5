#include "dispatch/shard.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "dispatch/partitions/far.h"

namespace hotline {

namespace {
constexpr std::uint64_t group_mark = 1ull
                                     << 63;  // In Receipt::session: a group of this shard, not a session.
constexpr std::uint64_t sweep_every_us = 1'000'000;
constexpr std::size_t local_per_turn_max = 10'000;
// Receipts wait for company: they hurry no message, and each journey wakes another shard.
constexpr std::uint64_t safe_wait_us = 5'000;
constexpr std::size_t safe_together_max = 256;
}  // namespace

Shard::Shard(std::uint32_t shard_number, ShardWorld& its_world, Loops its_loops)
    : number(shard_number),
      world(its_world),
      loops(std::move(its_loops)),
      rows(*this),
      window(*world.store, number, *world.clock,
             {.window_us = world.limits.commit_window_us, .asked_after_us = world.limits.request_gap_us},
             [this](std::uint16_t module) -> const std::string& { return world.modules->name(module); }),
      bodies(*world.store, std::max<std::uint64_t>(1, world.limits.mailbox_memory_bytes_max / world.shards),
             [this](std::function<void()> call) {
               Post post;
               post.kind = Post::Kind::call;
               post.extra = std::make_unique<Post::Extra>();
               post.extra->call = std::move(call);
               inbox_.push_one(std::move(post));
             }),
      streams(*this),
      requests(*this),
      files(*this),
      relays(*this),
      watch(*this),
      sessions(*this),
      calls(*this),
      module_timers(*this),
      expiry(*this),
      row_sweep(*this),
      inbox_(world.limits.inbox_max, loops.wake),
      out_(world.shards),
      safe_out_(world.shards),
      nudge_us_(world.shards, UINT64_MAX) {
  timers.set(now_us() + sweep_every_us, [this] { sweep(); });
  for (std::uint32_t partition = 0; partition < partitions; ++partition)
    here_[partition] = world.homes.of(partition) == number;
}

Shard::~Shard() = default;

// What is for another process and waits here, behind what a fan-out has left, is not overtaken: neither by
// what follows it there nor, when its account comes here meanwhile, by what follows it to where that is.
void Shard::post(Post post) {
  const std::uint32_t home = world.homes.of(post.partition);
  if (home == Homes::elsewhere && local_.empty()) return send_far(std::move(post));
  if (home == number) {
    counters.posts_local.add();
    local_.push_back(std::move(post));
  } else if (home == Homes::elsewhere || for_others_here_ > 0) {
    counters.posts_local.add();
    local_.push_back(std::move(post));
    for_others_here_ = local_.size();
  } else {
    counters.posts_out.add();
    out_[home].push_back(std::move(post));
  }
}

std::uint32_t Shard::fan_out(const Effect& effect, std::uint32_t set, const Receipt& receipt) {
  std::vector<std::string> lines(world.shards);
  const std::string_view all = effect.text;
  bool is_for_others_here = for_others_here_ > 0;
  for (std::size_t at = 0, end = 0; at < all.size(); at = end + 1) {
    end = all.find('\n', at);
    const std::uint32_t home = world.home_of(all.substr(at, end - at));
    // Who is in another process is found out where it is handled, with what else is not here.
    is_for_others_here = is_for_others_here || home == Homes::elsewhere;
    const bool waits_here = home == Homes::elsewhere || for_others_here_ > 0;
    lines[waits_here ? number : home].append(all.substr(at, end - at + 1));
  }
  const auto homes = static_cast<std::uint32_t>(
      std::count_if(lines.begin(), lines.end(), [](const std::string& some) { return !some.empty(); }));
  const Receipt part = receipt && homes > 1 ? share(receipt, homes) : receipt;
  for (std::uint32_t home = 0; home < world.shards; ++home) {
    if (lines[home].empty()) continue;
    Post post;
    post.kind = Post::Kind::fan_out;
    post.module = static_cast<std::uint16_t>(effect.number64);
    post.topic = effect.number;
    post.set = set;
    post.buffer = effect.bytes;
    post.receipt = part;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->text = std::move(lines[home]);
    (home == number ? counters.posts_local : counters.posts_out).add();
    if (home == number) {
      local_.push_back(std::move(post));
    } else {
      out_[home].push_back(std::move(post));
    }
  }
  if (is_for_others_here) for_others_here_ = local_.size();
  return homes;
}

void Shard::post_to(std::uint32_t shard, Post post) {
  counters.posts_out.add();
  out_[shard].push_back(std::move(post));
}

bool Shard::has_room_for(std::string_view account) const {
  const std::uint32_t home = world.home_of(account);
  if (home == Homes::elsewhere) return world.far.load()->has_room();
  const Shard& other = *world.all[home];
  if (other.waiting_count_.load(std::memory_order_relaxed) >= world.limits.inbox_max) return false;
  if (home == number) return local_.size() < world.limits.inbox_max;
  return out_[home].size() < world.limits.inbox_max && other.inbox_.has_room();
}

Receipt Shard::share(const Receipt& receipt, std::uint32_t parts) {
  const std::uint64_t group = group_mark | ++last_group_;
  groups_.emplace(group, Group{receipt, parts});
  return numbered(group);
}

bool Shard::has_given_all() const {
  const auto is_empty = [](const auto& each) { return each.empty(); };
  return here_.none() && waiting_.empty() && window.due_us() == UINT64_MAX && window.batches_waiting() == 0 &&
         groups_.empty() && accepted_.empty() && expiry.owes_nothing() && local_.empty() &&
         !calls.has_queued() && std::ranges::all_of(out_, is_empty) &&
         std::ranges::all_of(safe_out_, is_empty);
}

void Shard::release(const Receipt& receipt) {
  if (receipt.is_of_session()) return release_at_home(receipt);
  if (receipt.host != world.host_number) return release_far(receipt);
  if (receipt.shard != number) return release_on(receipt.shard, receipt);
  if (Expiry::is_mine(receipt)) return expiry.released(receipt);
  const auto found = groups_.find(receipt.session);
  if (found == groups_.end() || --found->second.left > 0) return;
  const Receipt whole = found->second.whole;
  groups_.erase(found);
  release(whole);
}

void Shard::release_all(const std::vector<Receipt>& receipts) {
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    if (i % FetchAhead::group == 0 && i + 1 < receipts.size()) {
      const std::size_t end = std::min(receipts.size(), i + FetchAhead::group);
      for (std::size_t next = i; next < end; ++next)
        if (receipts[next].is_of_session()) fetch_ahead_.add_session(receipts[next].session);
      fetch_ahead_.fetch();
    }
    release(receipts[i]);
  }
}

void Shard::release_accepted() {
  while (!accepted_.empty()) {
    release_all(std::exchange(accepted_, {}));
    calls.run_queued();
  }
}

// To another one, with its next batch or within moments.
void Shard::release_on(std::uint32_t shard, const Receipt& receipt) {
  safe_out_[shard].push_back(receipt);
  if (safe_due_us_ == UINT64_MAX) safe_due_us_ = now_us() + safe_wait_us;
}

template <typename Posts>
void Shard::fetch_ahead(const Posts& posts, std::size_t first) {
  const std::size_t end = std::min(posts.size(), first + FetchAhead::group);
  if (end - first < 2) return;
  for (std::size_t i = first; i < end; ++i)
    if (!posts[i].account.empty()) fetch_ahead_.add(posts[i].account);
  fetch_ahead_.fetch();
}

void Shard::take_inbox() {
  if (inbox_.size() == 0) return;
  inbox_.take(taken_);
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (i % FetchAhead::group == 0) fetch_ahead(taken_, i);
    counters.posts_in.add();
    handle(taken_[i]);
  }
  taken_.clear();
}

void Shard::handle(Post& post) {
  if (is_for_elsewhere(post)) [[unlikely]]
    return send_on(std::move(post));
  switch (post.kind) {
    case Post::Kind::bytes:
    case Post::Kind::stanza: calls.posted(post); break;
    case Post::Kind::fan_out:
      if (keep_what_is_here(post)) calls.fanned_out(post);
      break;
    case Post::Kind::stored: stored(post); break;
    case Post::Kind::at_home: post.extra->at_home(*this); break;
    case Post::Kind::safe:
      release_all(post.extra->receipts);
      calls.run_queued();
      break;
    case Post::Kind::committed:
      window.committed(
          post.number, [this](const std::vector<Receipt>& receipts) { release_all(receipts); },
          [this](MailboxEntry& entry) { bodies.is_safe(entry); },
          [this](std::uint32_t partition, std::vector<StoredEntry> entries) {
            tell_home(partition, std::move(entries), EntryNews::on_disk);
          });
      bodies.give_up();
      calls.run_queued();
      break;
    case Post::Kind::connection:
      streams.adopt(std::move(post.extra->connection), std::move(post.buffer));
      break;
    case Post::Kind::work: calls.worked(post); break;
    case Post::Kind::command: calls.command(post); break;
    case Post::Kind::call: post.extra->call(); break;
  }
}

void Shard::run_local() {
  for (std::size_t i = 0; i < local_per_turn_max && !local_.empty(); ++i) {
    if (i % FetchAhead::group == 0) fetch_ahead(local_, 0);
    Post post = std::move(local_.front());
    local_.pop_front();
    if (for_others_here_ > 0) --for_others_here_;
    handle(post);
  }
}

void Shard::send_out() {
  const std::uint64_t now_us = this->now_us();
  const bool is_due = now_us >= safe_due_us_;
  bool all_gone = true;
  for (std::uint32_t shard = 0; shard < world.shards; ++shard) {
    const bool has_company = !out_[shard].empty() || safe_out_[shard].size() >= safe_together_max;
    if (!safe_out_[shard].empty() && (has_company || is_due)) {
      Post post;
      post.kind = Post::Kind::safe;
      post.extra = std::make_unique<Post::Extra>();
      post.extra->receipts.swap(safe_out_[shard]);
      out_[shard].push_back(std::move(post));
    }
    all_gone = all_gone && safe_out_[shard].empty();
    hand_out(shard, now_us);
  }
  if (all_gone) safe_due_us_ = UINT64_MAX;
}

// At low rates a wake-up costs more than the message it is for, and a shard with a few thousand events a
// second wakes by itself before the message has become late.
void Shard::hand_out(std::uint32_t shard, std::uint64_t now_us) {
  Shard& other = *world.all[shard];
  std::uint64_t& nudge_us = nudge_us_[shard];
  if (!out_[shard].empty()) {
    if (other.wakes_soon(now_us)) {
      other.inbox_.push_quietly(out_[shard]);
      nudge_us = std::min(nudge_us, now_us + world.limits.nudge_after_us);
    } else {
      other.inbox_.push(out_[shard]);
    }
  }
  if (nudge_us == UINT64_MAX) return;
  if (other.inbox_.size() == 0) {
    nudge_us = UINT64_MAX;
  } else if (now_us >= nudge_us) {
    other.inbox_.nudge();
    nudge_us = UINT64_MAX;
  }
}

void Shard::begin_turn() {
  inbox_.begin_turn();
  const std::uint64_t since_us = rests_since_us_.load(std::memory_order_relaxed);
  if (since_us == 0) return;
  const std::uint64_t rested_us = std::min<std::uint64_t>(now_us() - since_us, UINT16_MAX);
  rest_us_mean_.store((rest_us_mean_.load(std::memory_order_relaxed) * 15 + rested_us) / 16,
                      std::memory_order_relaxed);
}

bool Shard::wakes_soon(std::uint64_t now_us) const {
  const ShardLimits& limits = world.limits;
  if (limits.nudge_after_us == 0 || rest_us_mean_.load(std::memory_order_relaxed) > limits.brief_rest_us)
    return false;
  // A habit of the past, when it has rested for long by now.
  return now_us < rests_since_us_.load(std::memory_order_relaxed) + 2 * limits.brief_rest_us;
}

void Shard::run_timers() {
  timers.run(now_us());
  calls.run_queued();
}

std::uint64_t Shard::next_timer_us() {
  return std::min({timers.next_us(), window.due_us(), safe_due_us_,
                   *std::min_element(nudge_us_.begin(), nudge_us_.end())});
}

bool Shard::end_turn() {
  run_local();
  bool has_more = calls.run_queued();
  release_accepted();
  streams.flush();
  run_local();
  release_accepted();
  streams.flush();
  if (now_us() >= window.due_us()) window.submit();
  send_out();
  if (!leaving_.empty() && !leave_when_quiet()) has_more = true;
  // After everything that somebody waits for.
  if (row_sweep.run()) has_more = true;
  streams.bury();
  counters.connections.store(streams.size(), std::memory_order_relaxed);
  counters.sessions.store(sessions.size(), std::memory_order_relaxed);
  counters.detached.store(sessions.detached(), std::memory_order_relaxed);
  rests_since_us_.store(now_us(), std::memory_order_relaxed);
  // The inbox last: from here on writers wake the loop.
  const bool has_come = inbox_.end_turn();
  return has_more || !local_.empty() || !accepted_.empty() || calls.run_queued() || has_come;
}

void Shard::sweep() {
  watch.sweep();
  expiry.sweep();
  bodies.give_up();  // What was read back and not taken by its client.
  counters.accounts.store(accounts.size(), std::memory_order_relaxed);
  timers.set(now_us() + sweep_every_us, [this] { sweep(); });
}

void Shard::load(StoredMessage message, std::uint16_t module) {
  auto entry = Ref<MailboxEntry>::adopt(new MailboxEntry);
  entry->id = message.id;
  entry->tag = message.tag;
  entry->wall_ms = message.wall_ms;
  entry->flags = message.flags;
  entry->module = module;
  entry->partition = static_cast<std::uint8_t>(partition_of(message.account));
  entry->set_body(std::move(message.body));
  entry->kept = MailboxEntry::Kept::disk;
  const auto bytes = static_cast<std::int64_t>(entry->body_bytes);
  Mailbox& mailbox = accounts.get(message.account).mailbox;
  bodies.entered(*entry);
  bodies.give_up();
  mailbox.put(std::move(entry));
  counters.mailbox_changed(mailbox.size() == 1 ? 1 : 0, 1, bytes);
}

void Shard::close(std::string_view condition, std::string_view text) {
  streams.close_all(condition, text);
  end_turn();
  window.submit_all();
  send_out();
}

}  // namespace hotline
