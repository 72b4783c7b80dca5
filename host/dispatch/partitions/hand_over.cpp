// A partition's way to another process, and from there.
#include <algorithm>
#include <atomic>
#include <utility>

#include "dispatch/host.h"
#include "dispatch/partitions/partitions.h"

namespace hotline {

namespace {

Post on_shard(std::function<void()> call) {
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = std::move(call);
  return post;
}

}  // namespace

void Partitions::freeze(std::uint32_t partition, std::uint32_t version, FreezeDone done) {
  const Homes& homes = host_.world().homes;
  const std::uint32_t from = partition < partitions ? homes.of(partition) : Homes::elsewhere;
  const std::string its_name = "partition " + std::to_string(partition);
  if (from == Homes::elsewhere) return done(Error{its_name + " cannot be frozen: it is not here"});
  if (version < carry_version_min || version > carry_version)
    return done(encode_partition(CarriedParts(), version).error());
  if (is_moving_.exchange(true))
    return done(Error{its_name + " cannot be frozen: another one moves; try again"});
  shard(from).inbox().push_one(on_shard([this, partition, from, version, done = std::move(done)] {
    if (!shard(from).is_here(partition)) {
      is_moving_ = false;
      return done(Error{"partition " + std::to_string(partition) +
                        " cannot be frozen: it is frozen already, or another process has it"});
    }
    shard(from).leave(partition, [this, from, version, done](std::unique_ptr<HeldPartition> held) {
      pack(std::move(held), from, version, done);
    });
  }));
}

// On the thread of the shard that had it.
void Partitions::pack(std::unique_ptr<HeldPartition> held, std::uint32_t from, std::uint32_t version,
                      const FreezeDone& done) {
  Result<CarriedPartition> carried = held->pack(host_.world(), version);
  if (!carried) {
    put_back(std::move(held), from);
    is_moving_ = false;
    return done(carried.error());
  }
  {
    const std::lock_guard lock(frozen_mutex_);
    const std::uint32_t partition = held->number;
    frozen_.insert_or_assign(partition, Frozen{std::move(held), from});
  }
  // What its accounts had posted to accounts that are away has come to who sends it on.
  auto its = std::make_shared<CarriedPartition>(std::move(*carried));
  host_.ask([](Shard&) {},
            [this, its, done] {
              is_moving_ = false;
              done(std::move(*its));
            });
}

void Partitions::put_back(std::unique_ptr<HeldPartition> held, std::uint32_t at) {
  static_cast<void>(held->take_back(host_.world()));
  shard(at).put_in(*held);
}

std::optional<Partitions::Frozen> Partitions::take_frozen(std::uint32_t partition) {
  const std::lock_guard lock(frozen_mutex_);
  const auto found = frozen_.find(partition);
  if (found == frozen_.end()) return std::nullopt;
  Frozen frozen = std::move(found->second);
  frozen_.erase(found);
  return frozen;
}

void Partitions::resume(std::uint32_t partition, Done done) {
  std::optional<Frozen> frozen = take_frozen(partition);
  if (!frozen) return done(Error{"partition " + std::to_string(partition) + " is not frozen here"});
  const std::uint32_t at = frozen->shard;
  auto held = std::make_shared<std::unique_ptr<HeldPartition>>(std::move(frozen->held));
  shard(at).inbox().push_one(on_shard([this, at, held, done = std::move(done)] {
    put_back(std::move(*held), at);
    done({});
  }));
}

void Partitions::forget(std::uint32_t partition, std::function<void()> done) {
  std::optional<Frozen> frozen = take_frozen(partition);
  if (!frozen) return done();
  Shard& its = shard(frozen->shard);
  auto held = std::make_shared<std::unique_ptr<HeldPartition>>(std::move(frozen->held));
  its.inbox().push_one(on_shard([&its, held, done = std::move(done)] {
    for (HeldPartition::HeldStream& one : (*held)->streams) {
      if (one.is_carried) {
        if (its.world.connection_closed) its.world.connection_closed(one.stream->peer());
        continue;
      }
      Streams::unbind(*one.stream->connection);
      const std::uint64_t handle = one.stream->connection->handle;
      its.streams.put(std::move(one.stream), HeldPartition::never);
      its.streams.find(handle)->connection->close("system-shutdown",
                                                  "the host is being replaced: connect again, and resume");
    }
    const std::uint32_t number = (*held)->number;
    held->reset();
    its.set_away(number, true);
    its.post_waiting(number);
    done();
  }));
}

void Partitions::expect(std::uint32_t partition, std::uint32_t at, std::function<void()> done) {
  host_.world().homes.set(partition, at);
  // Connections that waited for it go where it comes to. A shard answers behind all that it posted before.
  host_.ask(
      [partition](Shard& shard) {
        shard.set_away(partition, false);
        shard.post_waiting(partition);
      },
      std::move(done));
}

void Partitions::expect_no_more(std::uint32_t partition) {
  const std::uint32_t at = host_.world().homes.of(partition);
  if (at == Homes::elsewhere) return;
  // By way of the shard that waited for it, as before: what was posted first is on its way there, and would
  // be overtaken by what went to the far host from where it is posted.
  Shard& its = shard(at);
  its.inbox().push_one(on_shard([&its, partition] {
    its.set_away(partition, true);
    its.post_waiting(partition);
  }));
}

void Partitions::expect_none() {
  host_.ask(
      [](Shard& shard) {
        for (std::uint32_t partition = 0; partition < partitions; ++partition) {
          shard.set_away(partition, true);
          shard.post_waiting(partition);
        }
      },
      [] {});
}

Result<std::unique_ptr<HeldPartition>> Partitions::unpack(CarriedPartition carried) const {
  return HeldPartition::unpack(std::move(carried), host_.world());
}

void Partitions::put_in(std::unique_ptr<HeldPartition> held, std::function<void()> done) {
  const std::uint32_t at = host_.world().homes.of(held->number);
  auto its = std::make_shared<std::unique_ptr<HeldPartition>>(std::move(held));
  Shard& to = shard(at);
  to.inbox().push_one(on_shard([&to, its, done = std::move(done)] {
    to.put_in(**its);
    done();
  }));
}

void Partitions::take(std::uint32_t partition, Post post) {
  post.is_from_far = true;
  post.partition = static_cast<std::uint8_t>(partition);
  host_.world().hand_in(std::move(post));
}

// Twice: one shard may have told another of something, and have nothing left when it is asked, after that one
// has answered.
void Partitions::ask_whether_done(std::function<void(bool)> done) {
  auto is_done = std::make_shared<std::atomic<bool>>(true);
  const auto look = [is_done](Shard& shard) {
    if (!shard.has_given_all()) *is_done = false;
  };
  host_.ask(look, [this, look, is_done, done = std::move(done)]() mutable {
    if (!*is_done) return done(false);
    host_.ask(look, [is_done, done = std::move(done)] { done(*is_done); });
  });
}

}  // namespace hotline
