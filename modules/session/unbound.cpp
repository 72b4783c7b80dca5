#include "session/unbound.h"

#include "registration/account_row.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {

std::string key_of(hl_stream stream) {
  return std::to_string(stream);
}

hl_stream stream_of(std::string_view key) {
  hl_stream stream = 0;
  for (const char digit : key) stream = stream * 10 + static_cast<hl_stream>(digit - '0');
  return stream;
}

}  // namespace

Unbound::Unbound(const hl_host* host)
    : streams_(host),
      crypto_(host),
      accounts_(Tables(host).open(accounts::table_name)),
      rows_(Tables(host).open("unbound_streams")) {}

std::optional<std::string> Unbound::origin_of(std::string_view account) const {
  const auto row = accounts_.get(account, accounts::scram_key);
  return row ? std::optional(crypto_.digest(Digest::sha256, *row)) : std::nullopt;
}

bool Unbound::keep(hl_stream stream, std::string_view account) {
  const std::optional<std::string> origin = origin_of(account);
  if (!origin) return false;
  forget_gone(account);  // Of some the end may not have been told.
  return rows_.put(account, key_of(stream), *origin) == HL_OK;
}

bool Unbound::is_good(hl_stream stream, std::string_view account) const {
  const std::optional<std::string> origin = origin_of(account);
  if (!origin) return false;
  const auto kept = rows_.get(account, key_of(stream));
  // Without a row it was let in by a generation that kept none: that the account is there must do.
  return !kept || crypto_.equal(*kept, *origin);
}

void Unbound::forget(hl_stream stream, std::string_view account) const {
  // One that stayed behind when its account went to another shard or process is nobody's login any more.
  if (rows_.is_home(account)) rows_.erase(account, key_of(stream));
}

void Unbound::end_stale(std::string_view account) const {
  const std::optional<std::string> origin = origin_of(account);
  std::string key;
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, key)) {
    key = row->key;
    if (origin && crypto_.equal(row->value, *origin)) continue;
    turn_away(stream_of(key));
    rows_.erase(account, key);
  }
}

Status Unbound::turn_away(hl_stream stream) const {
  streams_.close(stream, "not-authorized", "the account is gone, or has another password");
  return HL_OK;
}

void Unbound::forget_gone(std::string_view account) const {
  std::string key;
  for (auto row = rows_.next(account, {}); row; row = rows_.next(account, key)) {
    key = row->key;
    if (!streams_.info(stream_of(key))) rows_.erase(account, key);
  }
}

}  // namespace hotline::session
