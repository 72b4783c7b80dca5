#include "carry/carried_partition.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <utility>

namespace hotline {

CarriedPartition::CarriedPartition(CarriedPartition&& other) noexcept {
  *this = std::move(other);
}

CarriedPartition& CarriedPartition::operator=(CarriedPartition&& other) noexcept {
  std::swap(partition, other.partition);
  std::swap(taken_us, other.taken_us);
  bytes.swap(other.bytes);
  descriptors.swap(other.descriptors);
  return *this;
}

CarriedPartition::~CarriedPartition() {
  wipe();
}

void CarriedPartition::wipe() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
  for (const int descriptor : descriptors) ::close(descriptor);
  descriptors.clear();
}

}  // namespace hotline
