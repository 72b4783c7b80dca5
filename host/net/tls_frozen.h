// The bytes that a connection's TLS is carried as, to another process or context.
//
//     "HLTS" version(1) suite(1) flags(1) | in, out: sequence(8) secret key iv | records_without_data(1)
//     plain_max(2) piece(1 + n) | channel binding(32) alpn(1 + n) sni(1 + n) | partial record(2 + n)
//
// Numbers are big-endian; secret and key are as long as the suite's. The keys are carried, not derived again:
// deriving costs seven times the rest of a hand-over. Only the version it is written as is read: the host
// that carries asks first which one the other reads.
//
// They are secrets. Whoever holds them wipes them (OPENSSL_cleanse) when they were sent or taken; they are
// never stored. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "net/tls_own_records.h"

namespace hotline {

constexpr std::uint8_t tls_frozen_version = 1;

// What is in them. Wiped when it goes.
struct FrozenTls {
  FrozenTls() = default;
  ~FrozenTls();
  FrozenTls(const FrozenTls&) = delete;
  FrozenTls& operator=(const FrozenTls&) = delete;

  RecordState records{};
  OwnRecordsTls::Agreed agreed;
  std::string partial;
};

std::string freeze_tls(const RecordState& records, const OwnRecordsTls::Agreed& agreed,
                       std::string_view partial);
// Reads them into `thawed`; refused are other versions and whatever freeze_tls() could not have written.
Result<void> thaw_tls(std::string_view frozen, FrozenTls& thawed);

}  // namespace hotline
