// A held partition as plain data, for another process.
#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "dispatch/partitions/held_partition.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

CarriedReceipt carried(const Receipt& receipt) {
  return {receipt.session, receipt.stanza, receipt.shard, receipt.host, receipt.partition};
}

std::uint64_t age_us(std::uint64_t since_us, std::uint64_t now_us) {
  return since_us == 0 || since_us > now_us ? 0 : now_us - since_us;
}

// Names, each once; what is carried has their places.
class Places {
 public:
  explicit Places(std::vector<std::string>& names) : names_(names) {}
  std::uint16_t of(std::string_view name) {
    const auto found = std::ranges::find(names_, name);
    const auto place = static_cast<std::uint16_t>(found - names_.begin());
    if (found == names_.end()) names_.emplace_back(name);
    return place;
  }

 private:
  std::vector<std::string>& names_;
};

class Packing {
 public:
  Packing(const HeldPartition& held, const ShardWorld& world)
      : held_(held), world_(world), modules_(parts_.head.modules), listeners_(parts_.head.listeners) {
    parts_.head.partition = held.number;
    parts_.head.host = world.host_number;
    parts_.head.entry_id = world.message_id->load();
  }

  void make_room();
  void accounts();
  void session(const HeldPartition::HeldSession& held);
  // Nothing else is carried of a stream that this is not called for.
  void connection(const Stream& stream, std::uint64_t deadline_left_us, FrozenConnection frozen);
  CarriedParts& parts() { return parts_; }

 private:
  void account(const Account& account);
  std::uint16_t table(std::uint32_t number);
  void fields(const Session& session, CarriedSession& out);
  static void stream_management(const Session& session, std::uint64_t now_us, CarriedSession& out);
  static void unacknowledged(const Session& session, CarriedSession& out);
  static void before_session(const BeforeSession& before, CarriedConnection& out);

  const HeldPartition& held_;
  const ShardWorld& world_;
  CarriedParts parts_;
  Places modules_, listeners_;
  std::unordered_map<const Account*, std::uint32_t> places_;
  std::unordered_map<std::uint64_t, std::uint64_t> stream_of_;  // By session, of what is carried.
};

void Packing::make_room() {
  parts_.accounts.reserve(held_.accounts.size());
  parts_.sessions.reserve(held_.sessions.size());
  parts_.connections.reserve(held_.streams.size());
}

void Packing::accounts() {
  for (const Account& its : held_.accounts) {
    places_.emplace(&its, static_cast<std::uint32_t>(parts_.accounts.size()));
    account(its);
  }
  std::unordered_map<std::string_view, CarriedAccount*> by_name;
  for (CarriedAccount& one : parts_.accounts) by_name.emplace(one.address, &one);
  for (const HeldPartition::HeldTimer& timer : held_.timers) {
    const auto found = by_name.find(timer.account);
    if (found == by_name.end()) continue;
    found->second->timers.push_back(
        {modules_.of(world_.modules->name(timer.module)), timer.key, timer.left_us, timer.bytes});
  }
}

void Packing::account(const Account& account) {
  CarriedAccount& out = parts_.accounts.emplace_back();
  out.address = account.address;
  for (const MailboxEntry* entry = account.mailbox.first(); entry != nullptr; entry = entry->newer) {
    if (entry->is_missing) continue;  // The disk has lost it.
    CarriedEntry& one = out.entries.emplace_back();
    one.id = entry->id;
    one.tag = entry->tag;
    one.wall_ms = entry->wall_ms;
    one.body_bytes = entry->body_bytes;
    one.flags = entry->flags;
    one.module = modules_.of(world_.modules->name(entry->module));
    one.kept = static_cast<std::uint8_t>(entry->kept);
    one.is_expiring = entry->is_expiring;
    one.receipt = carried(entry->receipt);
    if (entry->kept != MailboxEntry::Kept::disk) one.body = entry->body;
  }
  account.rows.each([&](std::uint32_t number, const TableRows& rows) {
    for (const auto& [key, row] : rows) out.rows.push_back({table(number), row.schema, key, row.value});
  });
}

std::uint16_t Packing::table(std::uint32_t number) {
  const TableNames::Table& its = world_.tables->table(number);
  std::vector<CarriedHead::Table>& tables = parts_.head.tables;
  const auto found = std::ranges::find(tables, its.name, &CarriedHead::Table::name);
  const auto place = static_cast<std::uint16_t>(found - tables.begin());
  if (found == tables.end()) tables.push_back({its.name, its.is_durable});
  return place;
}

void Packing::session(const HeldPartition::HeldSession& one) {
  const Session& session = *one.session;
  CarriedSession& out = parts_.sessions.emplace_back();
  out.handle = session.handle;
  out.account = places_.at(&session.account);
  out.resource = session.resource();
  if (session.sm_id.is_set()) out.sm_id = session.sm_id.text();
  out.since_wall_ms = session.since_wall_ms;
  out.resume_left_us = one.resume_left_us;
  out.is_draining = session.is_draining;
  out.left_behind = session.left_behind;
  out.drained = session.drained;
  const SessionWatch::Silence silence = SessionWatch::silence(session, held_.taken_us);
  out.quiet_s = silence.quiet_s;
  out.asked_s = silence.asked_s;
  if (const auto stream = stream_of_.find(session.handle); stream != stream_of_.end()) {
    out.stream = stream->second;
  } else if (session.connection != nullptr) {
    out.is_cut = true;
    out.resume_left_us = session.sm.resume_s * 1'000'000ull;
  }
  stream_management(session, held_.taken_us, out);
  unacknowledged(session, out);
  fields(session, out);
}

void Packing::stream_management(const Session& session, std::uint64_t now_us, CarriedSession& out) {
  const StreamManagement& sm = session.sm;
  out.has_sm = sm.is_on;
  out.is_requested = sm.is_requested;
  out.owes_answer = sm.owes_answer;
  out.owed = sm.owed;
  out.owed_last = sm.owed_last;
  out.before = sm.before;
  out.acknowledged = sm.acknowledged;
  out.resume_s = sm.resume_s;
  out.owed_age_us = age_us(sm.owed_us, now_us);
  out.requested_age_us = age_us(sm.requested_us, now_us);
  out.request = sm.request;
  out.received = sm.safe.received();
  for (std::size_t i = 0; i < sm.safe.held(); ++i) out.holds.push_back(sm.safe.holders(i));
}

void Packing::unacknowledged(const Session& session, CarriedSession& out) {
  for (std::size_t i = 0; i < session.unacknowledged.size(); ++i) {
    const Outgoing& one = session.unacknowledged[i];
    CarriedOutgoing& its = out.unacknowledged.emplace_back();
    its.adds_to = one.adds_to;
    its.bytes = one.bytes;
    if (!one.entry || one.entry->is_accepted || one.entry->is_missing) continue;
    its.entry = one.entry->id;
    const bool has_body = one.entry->kept != MailboxEntry::Kept::disk && one.entry->body;
    if (has_body && one.entry->body.get() == one.bytes.get()) its.bytes = nullptr;
  }
}

void Packing::fields(const Session& session, CarriedSession& out) {
  for (std::uint32_t number = 0; number < Session::fields_max; ++number) {
    const std::int64_t value = session.fields.get(number);
    if (value == 0) continue;
    const std::string name = world_.field_names->name(number);
    out.fields.push_back({Places(parts_.head.fields).of(name), value});
  }
}

void Packing::before_session(const BeforeSession& before, CarriedConnection& out) {
  out.home_account = before.home_account;
  out.has_from = before.from != nullptr;
  if (before.from != nullptr) out.from = *before.from;
  out.lang = before.lang;
  out.scratch = before.scratch;
  out.failures = before.failures;
  if (before.resuming == nullptr) return;
  out.resumes = before.resuming->session;
  out.resumes_h = before.resuming->h;
  out.resumes_answer = before.resuming->answer;
}

void Packing::connection(const Stream& stream, std::uint64_t deadline_left_us, FrozenConnection frozen) {
  CarriedConnection& out = parts_.connections.emplace_back();
  out.handle = stream.connection->handle;
  out.session = stream.session;
  if (stream.session != 0) stream_of_.emplace(stream.session, out.handle);
  out.account = stream.account;
  out.peer = stream.peer();
  out.listener = listeners_.of(stream.listener->name);
  out.is_loopback = stream.is_loopback;
  out.was_told = stream.was_told;
  out.deadline_left_us = deadline_left_us;
  if (const BeforeSession* before = stream.has_before()) before_session(*before, out);
  out.has_tls = !frozen.tls.empty();
  out.is_opened = frozen.is_opened;
  out.had_partial = frozen.had_partial;
  out.has_input = frozen.has_input;
  out.tls.swap(frozen.tls);
  out.input.swap(frozen.input);
  out.output.swap(frozen.output);
  out.unsent.swap(frozen.unsent);
  out.sent_bytes = frozen.sent_bytes;
  FrozenFramer& framer = frozen.framer;
  out.framer = {framer.from, framer.lang, framer.declarations, framer.partial, framer.is_open, framer.reader};
}

}  // namespace

Result<CarriedPartition> HeldPartition::pack(const ShardWorld& world, std::uint32_t version) {
  if (version < carry_version_min || version > carry_version)
    return encode_partition(CarriedParts(), version).error();
  Packing packing(*this, world);
  CarriedPartition carried;
  carried.partition = number;
  carried.taken_us = taken_us;
  packing.make_room();
  for (HeldStream& one : streams) {
    const int descriptor = one.stream->connection->link().duplicate();
    if (descriptor < 0) continue;  // As one whose TLS cannot be carried: it stays.
    Result<FrozenConnection> frozen = one.stream->connection->freeze();
    carried.descriptors.push_back(descriptor);
    if (!frozen) {
      ::close(descriptor);
      carried.descriptors.pop_back();
      continue;
    }
    one.is_carried = true;
    one.tls = frozen->tls;
    packing.connection(*one.stream, one.deadline_left_us, std::move(*frozen));
  }
  packing.accounts();
  for (const HeldSession& one : sessions) packing.session(one);
  Result<std::string> bytes = encode_partition(packing.parts(), version);
  if (!bytes) return bytes.error();
  carried.bytes.swap(*bytes);
  return carried;
}

Result<void> HeldPartition::take_back(const ShardWorld& world) {
  Result<void> all;
  for (HeldStream& one : streams) {
    if (!std::exchange(one.is_carried, false) || one.tls.empty()) continue;
    Result<std::unique_ptr<Tls>> tls = world.tls->thaw(one.tls);
    OPENSSL_cleanse(one.tls.data(), one.tls.size());
    one.tls.clear();
    if (tls) {
      one.stream->connection->take_back(std::move(*tls));
    } else {
      all = tls.error();  // It ends with the first byte, and its client comes back to its session.
    }
  }
  return all;
}

}  // namespace hotline
