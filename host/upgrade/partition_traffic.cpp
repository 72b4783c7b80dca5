#include "upgrade/partition_traffic.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>

namespace hotline {

using upgrade::Act;

bool PartitionTraffic::act(const upgrade::Deed& deed) {
  const std::uint16_t partition = deed.partition;
  Partitions& all = parts_.host->partitions();
  switch (deed.act) {
    case Act::freeze: freeze(partition); return true;
    case Act::carry: carry(partition); return true;
    case Act::give:
      // What waited for it is sent on first.
      all.forget(partition, [this, partition] { parts_.channel->say(upgrade::Go{partition}); });
      return true;
    case Act::resume:
      all.resume(partition,
                 [this, partition](Result<void> done) { answer(Act::resume, partition, std::move(done)); });
      return true;
    case Act::expect:
      all.expect(partition, partition % parts_.host->shard_count(), answers(Act::expect, partition));
      return true;
    case Act::unpack: unpack(partition); return true;
    case Act::put_in: {
      const auto found = held_.find(partition);
      if (found == held_.end()) return true;
      std::unique_ptr<HeldPartition> held = std::move(found->second);
      held_.erase(found);
      all.put_in(std::move(held), [this, partition] {
        parts_.to_control([this, partition, now_us = parts_.clock->mono_us()] {
          served_us_ = now_us;
          parts_.done(Act::put_in, partition, {});
        });
      });
      return true;
    }
    case Act::expect_no_more:
      coming_.erase(partition);
      held_.erase(partition);
      all.expect_no_more(partition);
      return true;
    case Act::load: has_lost_ = true; return true;
    default: return false;
  }
}

void PartitionTraffic::answer(Act act, std::uint16_t partition, Result<void> done) {
  parts_.to_control([this, act, partition, done = std::move(done)] { parts_.done(act, partition, done); });
}

std::function<void()> PartitionTraffic::answers(Act act, std::uint16_t partition) {
  return [this, act, partition] { answer(act, partition, {}); };
}

void PartitionTraffic::freeze(std::uint16_t partition) {
  parts_.host->partitions().freeze(partition, version_, [this, partition](Result<CarriedPartition> frozen) {
    // std::function wants what can be copied.
    auto kept = std::make_shared<Result<CarriedPartition>>(std::move(frozen));
    parts_.to_control([this, partition, kept] {
      if (!*kept) return parts_.done(Act::freeze, partition, kept->error());
      taken_us_ = (*kept)->taken_us;
      leaving_[partition] = std::move(**kept);
      parts_.done(Act::freeze, partition, {});
    });
  });
}

// Descriptors go with the pieces as far as these reach; the last one says that it is.
void PartitionTraffic::carry(std::uint16_t partition) {
  const auto found = leaving_.find(partition);
  if (found == leaving_.end()) return;
  CarriedPartition carried = std::move(found->second);
  leaving_.erase(found);
  std::size_t at = 0, given = 0;
  do {
    // A message from the beginning: one made of it would be a copy, which nobody wiped.
    upgrade::Message message =
        upgrade::Carry{partition, false, carried.bytes.substr(at, upgrade::piece_bytes_max)};
    auto& piece = std::get<upgrade::Carry>(message);
    at += piece.bytes.size();
    Channel::Descriptors descriptors;
    for (; given < carried.descriptors.size() && descriptors.size() < upgrade_descriptors_max; ++given)
      descriptors.emplace_back(std::exchange(carried.descriptors[given], -1));
    piece.is_last = at == carried.bytes.size() && given == carried.descriptors.size();
    parts_.channel->say(message, std::move(descriptors));
    OPENSSL_cleanse(piece.bytes.data(), piece.bytes.size());
  } while (at < carried.bytes.size() || given < carried.descriptors.size());
  carried.descriptors.clear();
  carried.wipe();
}

void PartitionTraffic::heard(upgrade::Carry& carry, Channel::Descriptors descriptors) {
  CarriedPartition& coming = coming_[carry.partition];
  coming.partition = carry.partition;
  if (coming.bytes.capacity() < coming.bytes.size() + carry.bytes.size()) {
    // Grown by hand: what it grew out of held keys.
    std::string larger;
    larger.reserve(2 * (coming.bytes.size() + carry.bytes.size()));
    larger.append(coming.bytes);
    OPENSSL_cleanse(coming.bytes.data(), coming.bytes.size());
    coming.bytes.swap(larger);
  }
  coming.bytes.append(carry.bytes);
  OPENSSL_cleanse(carry.bytes.data(), carry.bytes.size());
  carry.bytes.clear();
  for (Descriptor& each : descriptors) coming.descriptors.push_back(each.release());
}

void PartitionTraffic::unpack(std::uint16_t partition) {
  const auto found = coming_.find(partition);
  if (found == coming_.end()) return answer(Act::unpack, partition, Error{"nothing of it has come"});
  CarriedPartition carried = std::move(found->second);
  coming_.erase(found);
  Result<std::unique_ptr<HeldPartition>> held = parts_.host->partitions().unpack(std::move(carried));
  if (!held) return answer(Act::unpack, partition, held.error());
  held_[partition] = std::move(*held);
  answer(Act::unpack, partition, {});
}

}  // namespace hotline
