#include "registration/credentials.h"

#include <algorithm>
#include <vector>

#include "registration/account_row.h"

namespace hotline::registration {

using namespace hotline::sdk;

namespace {

constexpr std::int64_t iterations_default = 4096;  // RFC 5802 5.1 and RFC 7677 4: at least.
constexpr std::int64_t iterations_max = 1'000'000;
constexpr std::size_t pending_id_bytes = 16;

// What waits for its keys, keyed by a random id.
struct Pending {
  Asker asker;
  std::uint32_t iterations = 0;
  std::string salt256, salt1;
  std::string keys256, keys1;  // StoredKey and ServerKey; empty until derived.

  std::string encode() const {
    std::string out(1, static_cast<char>(asker.kind));
    append_number(out, asker.number);
    append_number(out, iterations);
    for (const std::string* field : {&asker.answer, &asker.error, &salt256, &salt1, &keys256, &keys1}) {
      append_number(out, field->size());
      out.append(*field);
    }
    return out;
  }
  static std::optional<Pending> decode(std::string_view bytes) {
    Pending pending;
    if (bytes.empty()) return std::nullopt;
    pending.asker.kind = static_cast<Asker::Kind>(bytes[0]);
    bytes.remove_prefix(1);
    std::uint64_t iterations = 0;
    if (!take_number(bytes, pending.asker.number) || !take_number(bytes, iterations)) return std::nullopt;
    pending.iterations = static_cast<std::uint32_t>(iterations);
    for (std::string* field : {&pending.asker.answer, &pending.asker.error, &pending.salt256, &pending.salt1,
                               &pending.keys256, &pending.keys1}) {
      std::uint64_t size = 0;
      if (!take_number(bytes, size) || size > bytes.size()) return std::nullopt;
      field->assign(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    return pending;
  }

 private:
  static void append_number(std::string& out, std::uint64_t number) {
    for (int i = 0; i < 8; ++i, number >>= 8) out.append(1, static_cast<char>(number));
  }
  static bool take_number(std::string_view& bytes, std::uint64_t& number) {
    if (bytes.size() < 8) return false;
    number = accounts::detail::little_endian(bytes.substr(0, 8));
    bytes.remove_prefix(8);
    return true;
  }
};

}  // namespace

Credentials::Credentials(const hl_host* host, std::string_view waiting)
    : crypto_(host), random_(host), clock_(host), config_(host), pending_(Tables(host).open(waiting)) {}

bool Credentials::derive(std::string_view account, std::string_view password, const Asker& asker) {
  Pending pending;
  pending.asker = asker;
  pending.iterations = static_cast<std::uint32_t>(
      std::clamp(config_.number("iterations", iterations_default), iterations_default, iterations_max));
  pending.salt256 = random_.bytes(accounts::salt_size);
  pending.salt1 = random_.bytes(accounts::salt_size);
  const std::string id = random_.hex(pending_id_bytes);
  if (crypto_.pbkdf2(Digest::sha256, password, pending.salt256, pending.iterations, account, "2" + id) !=
      HL_OK)
    return false;
  // Should only the second be refused, the first one's result finds nobody waiting.
  if (crypto_.pbkdf2(Digest::sha1, password, pending.salt1, pending.iterations, account, "1" + id) != HL_OK)
    return false;
  return pending_.put(account, id, pending.encode()) == HL_OK;
}

std::optional<Credentials::Done> Credentials::on_work(const hl_work_event& event) {
  const std::string_view token = view(event.token);
  if (token.size() < 2) return std::nullopt;
  const Digest digest = token[0] == '1' ? Digest::sha1 : Digest::sha256;
  const std::string id(token.substr(1));
  const std::string account(view(event.account));
  const auto bytes = pending_.get(account, id);
  if (!bytes) return std::nullopt;
  std::optional<Pending> pending = Pending::decode(*bytes);
  if (!pending || event.status != HL_OK) {
    pending_.erase(account, id);
    if (!pending) return std::nullopt;
    return Done{account, std::move(pending->asker), false, {}};
  }
  (digest == Digest::sha1 ? pending->keys1 : pending->keys256) =
      stored_and_server_key(digest, view(event.result));
  if (pending->keys1.empty() || pending->keys256.empty()) {
    if (pending_.put(account, id, pending->encode()) == HL_OK) return std::nullopt;
    pending_.erase(account, id);
    return Done{account, std::move(pending->asker), false, {}};
  }
  pending_.erase(account, id);
  const std::string_view keys256 = pending->keys256, keys1 = pending->keys1;
  accounts::AccountRow row;
  row.iterations = pending->iterations;
  row.created_wall_ms = clock_.wall_ms();
  row.sha256 = {pending->salt256, keys256.substr(0, 32), keys256.substr(32)};
  row.sha1 = {pending->salt1, keys1.substr(0, 20), keys1.substr(20)};
  return Done{account, std::move(pending->asker), true, accounts::encode(row)};
}

void Credentials::forget_changes(std::string_view account) const {
  std::string id;
  for (auto row = pending_.next(account, {}); row; row = pending_.next(account, id)) {
    id = row->key;
    const std::optional<Pending> pending = Pending::decode(row->value);
    if (pending && pending->asker.kind == Asker::Kind::session) pending_.erase(account, id);
  }
}

// RFC 5802 3: StoredKey is H(HMAC(SaltedPassword, "Client Key")), ServerKey HMAC(SaltedPassword, "Server
// Key").
std::string Credentials::stored_and_server_key(Digest digest, std::string_view salted_password) const {
  return crypto_.digest(digest, crypto_.hmac(digest, salted_password, "Client Key")) +
         crypto_.hmac(digest, salted_password, "Server Key");
}

}  // namespace hotline::registration
