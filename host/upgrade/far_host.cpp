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
  channel_.say(upgrade::Posts{upgrade::post_bytes(partition, post, *host_.world().modules)});
}

Result<void> FarHost::heard(const upgrade::Posts& posts) {
  Result<upgrade::WirePost> read = reader_.read(posts.bytes);
  if (!read) return read.error();
  ShardWorld& world = host_.world();
  if (read->partition != upgrade::no_partition) {
    host_.partitions().take(read->partition, std::move(read->post));
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
