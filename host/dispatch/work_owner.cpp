#include "dispatch/work_owner.h"

#include <utility>

#include "dispatch/shard.h"

namespace hotline {

void WorkOwner::tell(ShardWorld& world, std::int32_t status, std::string text) const {
  Post post;
  post.kind = Post::Kind::work;
  post.module = module;
  post.set = set;
  post.address(account);
  post.extra = std::make_unique<Post::Extra>();
  post.extra->token = token;
  post.extra->status = status;
  post.extra->text = std::move(text);
  world.hand_in(std::move(post));
}

}  // namespace hotline
