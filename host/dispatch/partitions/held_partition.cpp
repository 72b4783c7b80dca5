#include "dispatch/partitions/held_partition.h"

#include <openssl/crypto.h>

#include "dispatch/streams.h"

namespace hotline {

HeldPartition::HeldPartition(std::uint32_t its_number) : number(its_number) {}

// What is carried goes on elsewhere, or was never ours: no goodbye.
HeldPartition::~HeldPartition() {
  for (HeldStream& one : streams) {
    OPENSSL_cleanse(one.tls.data(), one.tls.size());
    if (one.stream != nullptr) one.stream->connection->link().give_away();
  }
}

std::size_t HeldPartition::mailbox_entries() const {
  std::size_t all = 0;
  for (const Account& account : accounts) all += account.mailbox.size();
  return all;
}

}  // namespace hotline
