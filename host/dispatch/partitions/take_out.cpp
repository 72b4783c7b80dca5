// How a partition leaves a shard: whole, between two turns.
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {

std::uint64_t left_us(const Timers& timers, Timers::Id id, std::uint64_t now_us) {
  const std::uint64_t due_us = timers.due_us(id);
  if (id == 0 || due_us == UINT64_MAX) return HeldPartition::never;
  return due_us > now_us ? due_us - now_us : 0;
}

}  // namespace

void Shard::leave(std::uint32_t partition, Taken then) {
  leaving_.push_back({partition, std::move(then)});
}

// What this shard posted is with the others, what it wrote is sealed and given to the sockets, and nobody is
// still to be told of anything: nothing of any account is under way here but with the store.
bool Shard::is_quiet() const {
  return local_.empty() && accepted_.empty() && !calls.has_queued() && streams.is_flushed();
}

bool Shard::leave_when_quiet() {
  if (!is_quiet()) return false;
  while (!leaving_.empty()) {
    const Leaving leaving = std::move(leaving_.front());
    leaving_.pop_front();
    leaving.then(take_out(leaving.partition));
  }
  return true;
}

std::unique_ptr<HeldPartition> Shard::take_out(std::uint32_t partition) {
  check(here_[partition], "a partition that leaves is here");
  auto held = std::make_unique<HeldPartition>(partition);
  held->taken_us = now_us();
  here_[partition] = false;
  std::unordered_map<std::uint64_t, const Account*> submitted;
  for (const Account& account : accounts.of(partition))
    for (const MailboxEntry* entry = account.mailbox.first(); entry != nullptr; entry = entry->newer)
      if (entry->kept == MailboxEntry::Kept::submitted) submitted.emplace(entry->id, &account);
  window.leave(partition, [&submitted](const MailboxEntry& entry) -> const std::string& {
    return submitted.at(entry.id)->address;
  });
  bodies.leave(partition);
  expiry.leave(partition);
  for (std::unique_ptr<Stream>& stream : streams.take_logging_in(partition))
    held->streams.push_back({std::move(stream)});
  held->accounts = accounts.take(partition);
  for (Account& account : held->accounts) take_out(account, *held);
  for (HeldPartition::HeldStream& one : held->streams) {
    one.deadline_left_us = left_us(timers, one.stream->deadline, held->taken_us);
    streams.clear_deadline(*one.stream);
  }
  return held;
}

void Shard::take_out(Account& account, HeldPartition& held) {
  account.rows.each([this](std::uint32_t table, TableRows& its) {
    for (auto& [key, row] : its) {
      rows.changed(table, &row, nullptr);
      row.parked_in = 0;  // Whoever has it next tries it once, and counts it then.
    }
  });
  for (MailboxEntry* entry = account.mailbox.first(); entry != nullptr; entry = entry->newer)
    bodies.left(*entry);
  if (account.mailbox.size() > 0)
    counters.mailbox_changed(-1, -static_cast<std::int64_t>(account.mailbox.size()),
                             -static_cast<std::int64_t>(account.mailbox.bytes()));
  for (const Session* session : account.sessions) {
    const std::uint64_t resume_left_us = left_us(timers, session->timer, held.taken_us);
    held.sessions.push_back({sessions.take(session->handle), resume_left_us});
    if (session->connection != nullptr) held.streams.push_back({streams.take(session->connection->handle)});
  }
  if (account.timers == 0) return;
  for (ModuleTimers::Taken& timer : module_timers.take(account))
    held.timers.push_back({timer.module, account.address, std::move(timer.key),
                           timer.due_us > held.taken_us ? timer.due_us - held.taken_us : 0,
                           std::move(timer.bytes)});
}

}  // namespace hotline
