// A row of table "fast_tokens" (key: client_key), schema 1: the tokens of one installation of a client
// (XEP-0484): the one it uses, and one that it was given to use next. No token is in it.
//
//     "fst1" used_s origin tokens    a token: kind issued_s expires_s verifier responder
//
// A token is as good as the password by which it was got: `origin` is of the account's row, so a new
// password or key, or an account of the same name made later, is the end of it at once.
//
//     kind   verifier                                   responder
//     none   SHA-256(HMAC(token, "Initiator"))          HMAC(token, "Responder")
//     expr   SHA-256(token), which keys the HMAC        32 zero bytes
//
// Of the first, nothing in the row logs in. The second is checked against what each connection has of its
// own, for which the key itself is needed: there the row is a secret, as a token's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registration/account_row.h"

namespace hotline::session::fast {

constexpr std::string_view table_name = "fast_tokens";

enum class Kind : char {
  none = 'n',  // HT-SHA-256-NONE
  expr = 'e',  // HT-SHA-256-EXPR: bound to the TLS channel by tls-exporter.
};
constexpr std::string_view mechanism_of(Kind kind) {
  return kind == Kind::none ? "HT-SHA-256-NONE" : "HT-SHA-256-EXPR";
}
inline std::optional<Kind> kind_of(std::string_view mechanism) {
  for (const Kind kind : {Kind::none, Kind::expr})
    if (mechanism_of(kind) == mechanism) return kind;
  return std::nullopt;
}

constexpr std::size_t hash_size = 32;
constexpr std::size_t origin_size = 16;
constexpr std::size_t tokens_max = 2;

struct Token {
  Kind kind = Kind::none;
  std::uint64_t issued_s = 0;
  std::uint64_t expires_s = 0;
  std::string verifier, responder;  // hash_size bytes each.
};

struct Row {
  std::uint64_t used_s = 0;
  std::string origin;
  std::array<Token, tokens_max> tokens;
  std::size_t count = 0;  // Of tokens, the older one first.

  std::string encode() const {
    using accounts::detail::append_little_endian;
    std::string out("fst1");
    append_little_endian(out, used_s, 8);
    out.append(origin);
    for (std::size_t i = 0; i < count; ++i) {
      out.append(1, static_cast<char>(tokens[i].kind));
      append_little_endian(out, tokens[i].issued_s, 8);
      append_little_endian(out, tokens[i].expires_s, 8);
      out.append(tokens[i].verifier).append(tokens[i].responder);
    }
    return out;
  }

  // Nothing for bytes of another form.
  static std::optional<Row> decode(std::string_view bytes) {
    constexpr std::size_t head_size = 4 + 8 + origin_size;
    constexpr std::size_t token_size = 1 + 8 + 8 + 2 * hash_size;
    if (bytes.size() < head_size + token_size || !bytes.starts_with("fst1")) return std::nullopt;
    if ((bytes.size() - head_size) % token_size != 0) return std::nullopt;
    Row row;
    row.count = (bytes.size() - head_size) / token_size;
    if (row.count > tokens_max) return std::nullopt;
    bytes.remove_prefix(4);
    const auto take = [&bytes](std::size_t size) {
      const std::string_view part = bytes.substr(0, size);
      bytes.remove_prefix(size);
      return part;
    };
    row.used_s = accounts::detail::little_endian(take(8));
    row.origin = take(origin_size);
    for (std::size_t i = 0; i < row.count; ++i) {
      Token& token = row.tokens[i];
      token.kind = static_cast<Kind>(take(1).front());
      if (token.kind != Kind::none && token.kind != Kind::expr) return std::nullopt;
      token.issued_s = accounts::detail::little_endian(take(8));
      token.expires_s = accounts::detail::little_endian(take(8));
      token.verifier = take(hash_size);
      token.responder = take(hash_size);
    }
    return row;
  }
};

}  // namespace hotline::session::fast
