#include "dispatch/partitions/held_partition.h"

#include "dispatch/streams.h"

namespace hotline {

HeldPartition::HeldPartition(std::uint32_t its_number) : number(its_number) {}
HeldPartition::~HeldPartition() = default;

std::size_t HeldPartition::mailbox_entries() const {
  std::size_t all = 0;
  for (const auto& [name, account] : accounts) all += account->mailbox.size();
  return all;
}

}  // namespace hotline
