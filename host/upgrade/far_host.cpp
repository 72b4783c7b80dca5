#include "upgrade/far_host.h"

namespace hotline {

FarHost::FarHost(Host& host, Channel& channel)
    : host_(host), channel_(channel), reader_(*host.world().modules, *host.world().random) {}

void FarHost::post(std::uint32_t partition, Post post) {
  if (post.kind == Post::Kind::command) {
    // Its number is known to who asked, here; and whoever asks again asks the process that has the account.
    const ShardWorld& world = host_.world();
    if (world.command_answered)
      world.command_answered(post.number, true,
                             "the account is on its way to the new process: ask again in a second");
    return;
  }
  if (!upgrade::may_cross(post.kind)) return;
  std::string bytes = upgrade::post_bytes(partition, post, *host_.world().modules);
  {
    const std::lock_guard lock(kept_mutex_);
    if (const auto found = kept_.find(partition); found != kept_.end()) found->second.push_back(bytes);
  }
  channel_.say(upgrade::Posts{std::move(bytes)});
}

void FarHost::keep(std::uint32_t partition) {
  const std::lock_guard lock(kept_mutex_);
  kept_[partition].clear();
}

void FarHost::let_go(std::uint32_t partition) {
  const std::lock_guard lock(kept_mutex_);
  kept_.erase(partition);
}

void FarHost::post_again(std::uint32_t partition) {
  std::vector<std::string> posts;
  {
    const std::lock_guard lock(kept_mutex_);
    const auto found = kept_.find(partition);
    if (found == kept_.end()) return;
    posts = std::move(found->second);
    kept_.erase(found);
  }
  upgrade::PostReader reader(*host_.world().modules, *host_.world().random);
  for (const std::string& bytes : posts)
    if (Result<upgrade::WirePost> read = reader.read(bytes)) host_.world().hand_in(std::move(read->post));
}

Result<void> FarHost::heard(const upgrade::Posts& posts) {
  Result<upgrade::WirePost> read = reader_.read(posts.bytes);
  if (!read) return read.error();
  ShardWorld& world = host_.world();
  if (read->partition != upgrade::no_partition) {
    world.hand_in(std::move(read->post));
    return {};
  }
  // Of numbers that shards of this host gave.
  for (const Receipt& receipt : read->post.extra ? read->post.extra->receipts : std::vector<Receipt>()) {
    if (receipt.shard >= world.shards) continue;
    Post post;
    post.kind = Post::Kind::safe;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->receipts.push_back(receipt);
    world.all[receipt.shard]->inbox().push_one(std::move(post));
  }
  return {};
}

}  // namespace hotline
