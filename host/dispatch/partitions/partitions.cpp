#include "dispatch/partitions/partitions.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "dispatch/host.h"

namespace hotline {

namespace {

Post call_post(std::function<void()> call) {
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = std::move(call);
  return post;
}

Error refusal(std::uint32_t partition, const std::string& why) {
  return {"partition " + std::to_string(partition) + " stays where it is: " + why};
}

}  // namespace

Partitions::Partitions(Host& host) : host_(host) {}

Shard& Partitions::shard(std::uint32_t number) const {
  return host_.shard(number);
}

void Partitions::fence(std::uint32_t at, std::function<void()> done) {
  struct Round {
    std::function<void()> done;
    std::uint32_t missing;  // Touched on `at`'s thread alone.
  };
  auto round = std::make_shared<Round>(Round{std::move(done), host_.shard_count()});
  const auto count = [round] {
    if (--round->missing == 0) round->done();
  };
  for (std::uint32_t number = 0; number < host_.shard_count(); ++number) {
    Shard& from = shard(number);
    from.inbox().push_one(call_post([&from, at, count] {
      if (from.number == at) return count();
      from.post_to(at, call_post(count));  // Behind all that it posted there.
    }));
  }
}

void Partitions::move(std::uint32_t partition, std::uint32_t to_shard, MoveDone done) {
  if (partition >= partitions)
    return done(Error{"there is no partition " + std::to_string(partition) + ": they are 0 to " +
                      std::to_string(partitions - 1)});
  if (to_shard >= host_.shard_count())
    return done(refusal(partition, "there is no shard " + std::to_string(to_shard) + ", this host has " +
                                       std::to_string(host_.shard_count()) + ", from 0"));
  const std::uint32_t from = host_.world().homes.of(partition);
  if (from == to_shard)
    return done(refusal(partition, "it is on shard " + std::to_string(from) + " already"));
  if (from == Homes::elsewhere) return done(refusal(partition, "another process has it"));
  if (is_moving_.exchange(true)) return done(refusal(partition, "another one moves; try again"));
  shard(from).inbox().push_one(call_post([this, partition, from, to_shard, done = std::move(done)] {
    if (!shard(from).is_here(partition)) {
      is_moving_ = false;
      return done(refusal(partition, "it is frozen, or another process has it"));
    }
    if (!shard(from).row_sweep.is_done()) {
      is_moving_ = false;
      return done(
          refusal(partition, "rows of shard " + std::to_string(from) +
                                 " are being converted; try again when `hotline tables` has none left"));
    }
    leave(partition, to_shard, done);
  }));
}

// On the thread of the shard that has it.
void Partitions::leave(std::uint32_t partition, std::uint32_t to_shard, MoveDone done) {
  const std::uint32_t from = host_.world().homes.of(partition);
  const std::uint64_t begun_us = shard(from).now_us();
  host_.world().homes.set(partition, to_shard);
  const auto arrive = [this, from, to_shard, begun_us,
                       done = std::move(done)](const std::shared_ptr<HeldPartition>& held) {
    Moved moved{from, to_shard};
    moved.accounts = held->accounts.size();
    moved.sessions = held->sessions.size();
    moved.connections = held->streams.size();
    moved.mailbox_entries = held->mailbox_entries();
    Shard& to = shard(to_shard);
    to.put_in(*held);
    const std::uint64_t now_us = to.now_us();
    moved.pause_us = now_us - held->taken_us;
    moved.whole_us = now_us - begun_us;
    is_moving_ = false;
    done(moved);
  };
  fence(from, [this, partition, from, to_shard, arrive] {
    shard(from).leave(partition, [this, to_shard, arrive](std::unique_ptr<HeldPartition> taken) {
      std::shared_ptr<HeldPartition> held = std::move(taken);
      shard(to_shard).inbox().push_one(call_post([held, arrive] { arrive(held); }));
    });
  });
}

void Partitions::list(Listed done) {
  struct Sheet {
    std::mutex mutex;
    std::vector<Figures> all;
  };
  auto sheet = std::make_shared<Sheet>();
  host_.ask(
      [sheet](Shard& shard) {
        std::vector<Figures> its;
        for (std::uint32_t partition = 0; partition < partitions; ++partition) {
          if (!shard.is_here(partition)) continue;
          Figures& figures = its.emplace_back();
          figures.partition = partition;
          figures.shard = shard.number;
          for (const Account& account : shard.accounts.of(partition)) {
            ++figures.accounts;
            figures.sessions += account.sessions.size();
            figures.mailbox_entries += account.mailbox.size();
            for (const Session* session : account.sessions)
              if (session->connection != nullptr) ++figures.connections;
          }
        }
        const std::lock_guard lock(sheet->mutex);
        sheet->all.insert(sheet->all.end(), its.begin(), its.end());
      },
      [sheet, done = std::move(done)] {
        std::ranges::sort(sheet->all, {}, &Figures::partition);
        done(std::move(sheet->all));
      });
}

}  // namespace hotline
