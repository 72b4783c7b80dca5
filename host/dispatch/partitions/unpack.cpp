// A held partition from what another process has packed.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "dispatch/partitions/held_partition.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

class Unpacking {
 public:
  Unpacking(const CarriedParts& parts, const ShardWorld& world)
      : parts_(parts), world_(world), held_(std::make_unique<HeldPartition>(parts.head.partition)) {}

  Result<std::unique_ptr<HeldPartition>> run(std::vector<int>& descriptors);

 private:
  Result<void> names();
  Result<void> accounts();
  void account(const CarriedAccount& in, Account& account);
  Result<void> sessions();
  Result<void> session(const CarriedSession& in, Account& account);
  void stream_management(const CarriedSession& in, StreamManagement& sm) const;
  Result<void> connections(std::vector<int>& descriptors);
  Result<std::unique_ptr<Connection>> connection(const CarriedConnection& in, int& descriptor,
                                                 const ListenerFacts& listener) const;
  Result<void> attach(const CarriedSession& in);
  static void before_session(const CarriedConnection& in, Stream& stream);

  const CarriedParts& parts_;
  const ShardWorld& world_;
  std::unique_ptr<HeldPartition> held_;
  std::vector<std::uint16_t> modules_;
  std::vector<std::uint32_t> tables_, fields_;
  std::vector<const ListenerFacts*> listeners_;
  std::vector<Account*> accounts_;  // As they were carried.
  std::unordered_map<std::uint64_t, MailboxEntry*> entries_;
  std::unordered_map<std::uint64_t, Session*> sessions_;
  struct Came {
    Stream* stream;
    bool was_heard;
  };
  std::unordered_map<std::uint64_t, Came> streams_;
};

Error refused(std::uint32_t partition, const std::string& why) {
  return {"partition " + std::to_string(partition) + " cannot be thawed here: " + why};
}

Result<std::unique_ptr<HeldPartition>> Unpacking::run(std::vector<int>& descriptors) {
  held_->taken_us = world_.clock->mono_us();
  held_->is_from_far = true;
  held_->entry_id = parts_.head.entry_id;
  Result<void> done = names();
  if (done) done = accounts();
  if (done) done = connections(descriptors);
  if (done) done = sessions();
  if (!done) return refused(parts_.head.partition, done.error().message);
  return std::move(held_);
}

Result<void> Unpacking::names() {
  for (const std::string& name : parts_.head.modules) modules_.push_back(world_.modules->number(name));
  for (const CarriedHead::Table& table : parts_.head.tables) {
    tables_.push_back(world_.tables->number(table.name));
    world_.tables->set_durable(tables_.back(), table.is_durable);
  }
  for (const std::string& name : parts_.head.fields) {
    std::uint32_t number = 0;
    if (!world_.field_names->number(name, &number))
      return Error{"its sessions have a field `" + name + "`, and there are " +
                   std::to_string(Session::fields_max) + " others here already"};
    fields_.push_back(number);
  }
  for (const std::string& name : parts_.head.listeners) {
    const ListenerFacts* const listener = world_.listener ? world_.listener(name) : nullptr;
    if (listener == nullptr)
      return Error{"its connections came by listener `" + name + "`, which this host has not: see `listen`"};
    listeners_.push_back(listener);
  }
  return {};
}

Result<void> Unpacking::accounts() {
  for (const CarriedAccount& one : parts_.accounts) {
    if (partition_of(one.address) != parts_.head.partition)
      return Error{"it has an account of partition " + std::to_string(partition_of(one.address))};
    auto made = std::make_unique<Account>(one.address);
    accounts_.push_back(made.get());
    account(one, *made);
    if (!held_->accounts.insert(std::move(made))) return Error{"it has an account twice"};
  }
  return {};
}

void Unpacking::account(const CarriedAccount& in, Account& account) {
  for (const CarriedEntry& one : in.entries) {
    auto entry = Ref<MailboxEntry>::adopt(new MailboxEntry);
    entry->id = one.id;
    entry->tag = one.tag;
    entry->wall_ms = one.wall_ms;
    entry->body = one.body;
    entry->body_bytes = one.body_bytes;
    entry->flags = one.flags;
    entry->module = modules_[one.module];
    entry->kept = static_cast<MailboxEntry::Kept>(one.kept);
    entry->partition = static_cast<std::uint8_t>(parts_.head.partition);
    entry->is_expiring = one.is_expiring;
    entry->receipt = {one.receipt.session, one.receipt.stanza, one.receipt.shard, one.receipt.host,
                      one.receipt.partition};
    entries_.emplace(one.id, entry.get());
    account.mailbox.put(std::move(entry));
  }
  for (const CarriedRow& row : in.rows)
    account.rows.get(tables_[row.table])[row.key] = Row{row.schema, 0, row.value};
  for (const CarriedTimer& timer : in.timers)
    held_->timers.push_back({modules_[timer.module], in.address, timer.key, timer.left_us, timer.bytes});
}

Result<void> Unpacking::connections(std::vector<int>& descriptors) {
  if (descriptors.size() != parts_.connections.size())
    return Error{"it has " + std::to_string(parts_.connections.size()) + " connections and " +
                 std::to_string(descriptors.size()) + " descriptors"};
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const CarriedConnection& in = parts_.connections[i];
    const ListenerFacts& listener = *listeners_[in.listener];
    Result<std::unique_ptr<Connection>> made = connection(in, descriptors[i], listener);
    if (!made) return made.error();
    HeldPartition::HeldStream& one = held_->streams.emplace_back();
    one.deadline_left_us = in.deadline_left_us;
    one.stream = std::make_unique<Stream>();
    Stream& stream = *one.stream;
    stream.connection = std::move(*made);
    stream.connection->handle = in.handle;
    stream.connection->stream = &stream;
    if (!streams_.emplace(in.handle, Came{&stream, in.was_heard}).second)
      return Error{"it has a connection twice"};
    stream.listener = &listener;
    stream.is_loopback = in.is_loopback;
    stream.account = in.account;
    stream.session = in.session;
    stream.was_told = in.was_told;
    if (in.session == 0) before_session(in, stream);
    if (stream.whose().empty() || partition_of(stream.whose()) != parts_.head.partition)
      return Error{"it has a connection of another partition"};
  }
  return {};
}

// Once a session is bound nothing of this is asked for any more; an older host carries it all the same.
void Unpacking::before_session(const CarriedConnection& in, Stream& stream) {
  BeforeSession& before = stream.before();
  before.home_account = in.home_account;
  if (in.has_from) before.from = std::make_unique<std::string>(in.from);
  before.lang = in.lang;
  before.scratch = in.scratch;
  before.failures = in.failures;
  if (in.resumes != 0)
    before.resuming = std::make_unique<BeforeSession::Resuming>(
        BeforeSession::Resuming{in.resumes, in.resumes_h, in.resumes_answer});
}

Result<std::unique_ptr<Connection>> Unpacking::connection(const CarriedConnection& in, int& descriptor,
                                                          const ListenerFacts& listener) const {
  std::unique_ptr<Tls> tls;
  if (in.has_tls) {
    if (world_.tls == nullptr) return Error{"its connections have TLS, and this host has none"};
    Result<std::unique_ptr<Tls>> thawed = world_.tls->thaw(in.tls);
    if (!thawed) return thawed.error();
    tls = std::move(*thawed);
  }
  std::unique_ptr<Link> link =
      world_.link_of ? world_.link_of(descriptor, PeerAddress::read(in.peer, in.is_loopback)) : nullptr;
  if (link == nullptr) return Error{"its sockets cannot be taken over here"};
  descriptor = -1;  // The link's.
  const FramerLimits& limits = in.account.empty() ? world_.limits.before_login : world_.limits.after_login;
  FrozenConnection frozen;
  frozen.input = in.input;
  frozen.output = in.output;
  frozen.unsent = in.unsent;
  frozen.sent_bytes = in.sent_bytes;
  frozen.is_opened = in.is_opened;
  frozen.had_partial = in.had_partial;
  frozen.has_input = in.has_input;
  const CarriedFramer& framer = in.framer;
  frozen.framer = {framer.from,    framer.lang,    framer.declarations,
                   framer.partial, framer.is_open, framer.reader};
  // Its shard's parser is set when it joins one.
  return Connection::thaw(std::move(link), std::move(tls),
                          make_framer(listener.framer, world_.all.front()->streams.parser(), limits), frozen);
}

Result<void> Unpacking::sessions() {
  for (const CarriedSession& one : parts_.sessions) {
    if (Result<void> made = session(one, *accounts_[one.account]); !made) return made;
    if (sessions_.size() != held_->sessions.size()) return Error{"it has a session twice"};
    if (Result<void> attached = attach(one); !attached) return attached;
  }
  for (const auto& [handle, came] : streams_)
    if (came.stream->session != 0 && !sessions_.contains(came.stream->session))
      return Error{"it has a connection of a session that it has not"};
  return {};
}

Result<void> Unpacking::session(const CarriedSession& in, Account& account) {
  std::string address = account.address;
  const std::size_t resource_at = address.size() + 1;
  address.append("/").append(in.resource);
  HeldPartition::HeldSession& one = held_->sessions.emplace_back();
  one.session = std::make_unique<Session>(in.handle, account, std::move(address), resource_at);
  one.resume_left_us = in.resume_left_us;
  one.is_cut = in.is_cut;
  Session& session = *one.session;
  sessions_.emplace(in.handle, &session);
  account.sessions.push_back(&session);
  if (!in.sm_id.empty()) {
    const std::optional<SmId> id = SmId::parse(in.sm_id);
    if (!id) return Error{"it has a session whose id for resumption is of no kind that this host gives"};
    session.sm_id = *id;
  }
  session.since_wall_ms = in.since_wall_ms;
  session.is_draining = in.is_draining;
  session.left_behind = in.left_behind;
  session.drained = in.drained;
  stream_management(in, session.sm);
  for (const CarriedField& field : in.fields) session.fields.set(fields_[field.number], field.value);
  for (const CarriedOutgoing& outgoing : in.unacknowledged) {
    Outgoing its;
    its.adds_to = outgoing.adds_to;
    its.bytes = outgoing.bytes;
    const auto found = outgoing.entry == 0 ? entries_.end() : entries_.find(outgoing.entry);
    if (found != entries_.end()) {
      found->second->retain();
      its.entry = Ref<MailboxEntry>::adopt(found->second);
      if (!its.bytes) its.bytes = found->second->body;
      if (in.stream != 0) ++found->second->holders;
    }
    session.push(std::move(its));
  }
  return {};
}

void Unpacking::stream_management(const CarriedSession& in, StreamManagement& sm) const {
  const std::uint64_t now_us = held_->taken_us;
  const auto since_us = [now_us](std::uint64_t age_us) { return now_us - std::min(now_us, age_us); };
  sm.is_on = in.has_sm;
  sm.is_requested = in.is_requested;
  sm.owes_answer = in.owes_answer;
  sm.owed = in.owed;
  sm.owed_last = in.owed_last;
  sm.before = in.before;
  sm.acknowledged = in.acknowledged;
  sm.resume_s = in.resume_s;
  sm.owed_us = since_us(in.owed_age_us);
  sm.requested_us = since_us(in.requested_age_us);
  sm.request = in.request;
  sm.safe.restore(in.received - static_cast<std::uint32_t>(in.holds.size()));
  for (const std::uint16_t holders : in.holds) sm.safe.restore_held(holders);
}

// Each knows the other, or it is of another partition.
Result<void> Unpacking::attach(const CarriedSession& in) {
  if (in.stream == 0) return {};
  const auto found = streams_.find(in.stream);
  if (found == streams_.end() || found->second.stream->session != in.handle)
    return Error{"it has a session without its connection"};
  const Came& came = found->second;
  Session& session = *sessions_.at(in.handle);
  session.connection = came.stream->connection.get();
  SessionWatch::restore(
      session, came.was_heard ? SessionWatch::Silence{} : SessionWatch::Silence{in.quiet_s, in.asked_s},
      held_->taken_us);
  return {};
}

}  // namespace

Result<std::unique_ptr<HeldPartition>> HeldPartition::unpack(CarriedPartition carried,
                                                             const ShardWorld& world) {
  Result<CarriedParts> parts = decode_partition(carried.bytes);
  if (!parts) return parts.error();
  Result<std::unique_ptr<HeldPartition>> held = Unpacking(*parts, world).run(carried.descriptors);
  std::erase(carried.descriptors, -1);  // What a link has taken over.
  return held;
}

}  // namespace hotline
