#include "session/fast.h"

#include <algorithm>

#include "session/hex.h"

namespace hotline::session {

using namespace hotline::sdk;
using fast::Kind;
using fast::Row;
using fast::Token;

namespace {

constexpr std::int64_t clients_max_default = 20;
constexpr std::int64_t lifetime_days_default = 21;
constexpr std::int64_t lifetime_days_max = 365;
constexpr std::int64_t rotation_hours_default = 24;
constexpr std::int64_t hour_s = 3600;
constexpr std::uint64_t day_s = 86'400;
// In hexadecimal digits it is longer than SHA-256's block, so that HMAC keys itself with its hash: that is
// what is kept of one whose key is needed (fast_row.h).
constexpr std::size_t token_bytes = 40;
constexpr std::size_t key_size = 32;  // Digits of a client's hash.
constexpr std::string_view initiator = "Initiator";
constexpr std::string_view responder = "Responder";

std::string joined(std::string_view label, std::string_view data) {
  return std::string(label).append(data);
}

}  // namespace

FastTokens::FastTokens(const hl_host* host)
    : crypto_(host), random_(host), clock_(host), config_(host), rows_(Tables(host).open(fast::table_name)) {}

std::int64_t FastTokens::clients_max() const {
  return std::clamp<std::int64_t>(config_.number("fast_clients_max", clients_max_default), 0, 1000);
}

std::string FastTokens::client_key(std::string_view client) const {
  return hex_encode(crypto_.digest(Digest::sha256, client)).substr(0, key_size);
}

std::string FastTokens::origin_of(std::string_view account_row) const {
  return crypto_.digest(Digest::sha256, account_row).substr(0, fast::origin_size);
}

// Nothing also for one that was got with another password.
std::optional<Row> FastTokens::row_of(const Owner& owner) const {
  const auto bytes = rows_.get(owner.account, client_key(owner.client));
  std::optional<Row> row = bytes ? Row::decode(*bytes) : std::nullopt;
  if (!row || owner.account_row.empty()) return std::nullopt;
  return crypto_.equal(row->origin, origin_of(owner.account_row)) ? row : std::nullopt;
}

bool FastTokens::fits(const Token& token, Kind kind, std::string_view hash,
                      std::string_view channel_data) const {
  if (token.kind != kind) return false;
  if (kind == Kind::none) return crypto_.equal(crypto_.digest(Digest::sha256, hash), token.verifier);
  return crypto_.equal(crypto_.hmac(Digest::sha256, token.verifier, joined(initiator, channel_data)), hash);
}

std::string FastTokens::responder_of(const Token& token, std::string_view channel_data) const {
  if (token.kind == Kind::none) return token.responder;
  return crypto_.hmac(Digest::sha256, token.verifier, joined(responder, channel_data));
}

FastTokens::Answer FastTokens::check(const Owner& owner, Kind kind, std::string_view hash,
                                     std::string_view channel_data) {
  std::optional<Row> row = row_of(owner);
  if (!row || hash.size() != fast::hash_size) return {};
  for (std::size_t i = 0; i < row->count; ++i) {
    const Token token = row->tokens[i];
    if (!fits(token, kind, hash, channel_data)) continue;
    if (token.expires_s <= now_s()) return {Verdict::expired, {}};
    // What it was given before is void: it has this one. Else the row is written but once a day.
    const bool is_newer = i > 0;
    if (is_newer || now_s() >= row->used_s + day_s) {
      if (is_newer) {
        row->tokens[0] = token;
        row->count = 1;
      }
      row->used_s = now_s();
      if (rows_.put(owner.account, client_key(owner.client), row->encode()) != HL_OK) return {};
    }
    return {Verdict::right, responder_of(token, channel_data)};
  }
  return {};
}

Token FastTokens::made_of(std::string_view text, Kind kind) const {
  const std::int64_t days =
      std::clamp<std::int64_t>(config_.number("fast_days", lifetime_days_default), 1, lifetime_days_max);
  Token token;
  token.kind = kind;
  token.issued_s = now_s();
  token.expires_s = token.issued_s + static_cast<std::uint64_t>(days) * day_s;
  if (kind == Kind::none) {
    token.verifier = crypto_.digest(Digest::sha256, crypto_.hmac(Digest::sha256, text, initiator));
    token.responder = crypto_.hmac(Digest::sha256, text, responder);
  } else {
    token.verifier = crypto_.digest(Digest::sha256, text);
    token.responder.assign(fast::hash_size, '\0');
  }
  return token;
}

std::optional<FastTokens::Issued> FastTokens::issue(const Owner& owner, Kind kind, bool keeps_used) {
  if (!are_on() || owner.client.empty() || owner.account_row.empty()) return std::nullopt;
  const std::string key = client_key(owner.client);
  const std::string text = random_.hex(token_bytes);
  std::optional<Row> before = row_of(owner);
  Row row;
  if (before && keeps_used) {
    row.tokens[0] = before->tokens[0];
    row.count = 1;
  }
  const Token token = made_of(text, kind);
  row.tokens[row.count++] = token;
  row.used_s = now_s();
  row.origin = origin_of(owner.account_row);
  make_room(owner.account, key);
  if (rows_.put(owner.account, key, row.encode()) != HL_OK) return std::nullopt;
  return Issued{text, token.expires_s * 1000};
}

std::optional<Kind> FastTokens::due(const Owner& owner) const {
  const std::int64_t hours =
      std::max<std::int64_t>(config_.number("fast_rotate_hours", rotation_hours_default), 0);
  const std::optional<Row> row = row_of(owner);
  if (!row) return std::nullopt;
  const Token& token = row->tokens[0];
  const std::uint64_t age_s = now_s() - std::min(token.issued_s, now_s());
  return age_s >= static_cast<std::uint64_t>(hours * hour_s) ? std::optional(token.kind) : std::nullopt;
}

void FastTokens::make_room(std::string_view account, const std::string& for_key) {
  std::string key;
  for (auto at = rows_.next(account, {}); at; at = rows_.next(account, key)) {
    key = at->key;
    const std::optional<Row> row = Row::decode(at->value);
    const bool is_over = !row || row->tokens[row->count - 1].expires_s <= now_s();
    if (is_over && key != for_key) rows_.erase(account, key);
  }
  if (rows_.get(account, for_key)) return;
  while (rows_.count(account) >= static_cast<std::uint64_t>(clients_max())) {
    std::string longest_away;
    std::uint64_t since = UINT64_MAX;
    for (auto at = rows_.next(account, {}); at; at = rows_.next(account, at->key)) {
      const std::optional<Row> row = Row::decode(at->value);
      if (!row || row->used_s >= since) continue;
      since = row->used_s;
      longest_away = at->key;
    }
    if (longest_away.empty() || !rows_.erase(account, longest_away)) return;
  }
}

void FastTokens::forget(std::string_view account, std::string_view client) {
  rows_.erase(account, client_key(client));
}

void FastTokens::forget_all(std::string_view account) {
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, {}))
    rows_.erase(account, std::string(row->key));
}

}  // namespace hotline::session
