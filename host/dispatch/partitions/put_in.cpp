// How a partition comes to a shard.
#include <algorithm>
#include <utility>

#include "dispatch/shard.h"

namespace hotline {

void Shard::put_in(HeldPartition& held) {
  const std::uint64_t now = now_us();
  world.entry_id_is_beyond(held.entry_id);
  std::vector<std::uint64_t> came;
  for (HeldPartition::HeldStream& one : held.streams) {
    came.push_back(one.stream->connection->handle);
    if (held.is_from_far && world.connection_came) world.connection_came(one.stream->peer());
    streams.put(std::move(one.stream), one.deadline_left_us);
  }
  accounts.put(held.number, std::move(held.accounts));
  for (Account& account : accounts.of(held.number)) put_in(account);
  for (HeldPartition::HeldSession& one : held.sessions) {
    const std::uint64_t handle = one.session->handle;
    sessions.put(std::move(one.session), one.resume_left_us);
    if (one.is_cut) sessions.cut(handle);
  }
  for (HeldPartition::HeldTimer& timer : held.timers)
    module_timers.set(timer.module, std::move(timer.account), std::move(timer.key), now + timer.left_us,
                      std::move(timer.bytes));
  row_sweep.look_again();
  bodies.give_up();
  here_[held.number] = true;
  post_waiting(held.number);
  // What their clients sent meanwhile, or had begun to.
  for (const std::uint64_t handle : came)
    if (Stream* stream = streams.find(handle)) stream->connection->go_on();
  calls.run_queued();
}

void Shard::put_in(Account& account) {
  account.rows.each([this](std::uint32_t table, const TableRows& its) {
    for (const auto& [key, row] : its) rows.changed(table, nullptr, &row);
  });
  const bool is_sent = std::ranges::any_of(
      account.sessions, [](const Session* session) { return session->connection != nullptr; });
  for (MailboxEntry *entry = account.mailbox.first(), *newer = nullptr; entry != nullptr; entry = newer) {
    newer = entry->newer;
    bodies.entered(*entry);
    if (entry->kept != MailboxEntry::Kept::window) continue;
    entry->retain();
    window.put(Ref<MailboxEntry>::adopt(entry), account.address, is_sent);
  }
  if (account.mailbox.size() > 0)
    counters.mailbox_changed(1, static_cast<std::int64_t>(account.mailbox.size()),
                             static_cast<std::int64_t>(account.mailbox.bytes()));
}

}  // namespace hotline
