// A row of table "accounts" (key "scram"), schema 1: what proves that somebody knows an account's
// password, and nothing the password could be read from (RFC 5802 3).
//
// Written by registration, read by session. A password is never kept: both verifiers are made from it
// when it is set. A fixed 152 bytes: iterations and created_wall_ms little-endian, then the two verifiers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::accounts {

constexpr std::string_view table_name = "accounts";
constexpr std::string_view scram_key = "scram";
constexpr std::size_t salt_size = 16;

// One hash's verifier. Views into the row, or into what it is made from.
struct Verifier {
  std::string_view salt;        // salt_size bytes.
  std::string_view stored_key;  // H(ClientKey), of the hash's size.
  std::string_view server_key;
};

struct AccountRow {
  std::uint32_t iterations = 0;
  std::uint64_t created_wall_ms = 0;
  Verifier sha256;
  Verifier sha1;
};

namespace detail {

constexpr std::size_t sha256_size = 32;
constexpr std::size_t sha1_size = 20;
constexpr std::size_t row_size = 4 + 8 + 2 * salt_size + 2 * sha256_size + 2 * sha1_size + 4;

constexpr std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}
inline void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8) out.append(1, static_cast<char>(value));
}

}  // namespace detail

inline std::string encode(const AccountRow& row) {
  std::string out("acc1");  // So that a row of something else is not taken for one.
  detail::append_little_endian(out, row.iterations, 4);
  detail::append_little_endian(out, row.created_wall_ms, 8);
  for (const Verifier* verifier : {&row.sha256, &row.sha1})
    out.append(verifier->salt).append(verifier->stored_key).append(verifier->server_key);
  return out;
}

// Views into `bytes`. Nothing for bytes of another length or beginning, or without iterations.
inline std::optional<AccountRow> decode(std::string_view bytes) {
  if (bytes.size() != detail::row_size || !bytes.starts_with("acc1")) return std::nullopt;
  std::size_t at = 4;
  const auto take = [&](std::size_t size) {
    const std::string_view part = bytes.substr(at, size);
    at += size;
    return part;
  };
  AccountRow row;
  row.iterations = static_cast<std::uint32_t>(detail::little_endian(take(4)));
  row.created_wall_ms = detail::little_endian(take(8));
  row.sha256 = {take(salt_size), take(detail::sha256_size), take(detail::sha256_size)};
  row.sha1 = {take(salt_size), take(detail::sha1_size), take(detail::sha1_size)};
  return row.iterations == 0 ? std::nullopt : std::optional(row);
}

}  // namespace hotline::accounts
