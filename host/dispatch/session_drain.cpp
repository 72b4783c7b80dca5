// A drain: what waits in an account's mailbox is offered to one of its sessions, a slice a turn; bodies that
// are on disk only are read back first.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "dispatch/sessions.h"
#include "dispatch/shard.h"

namespace hotline {

namespace {
constexpr std::size_t pump_slice = 64;              // Entries a drain offers before others have their turn.
constexpr std::size_t read_entries_max = 256;       // Bodies that are read back from the disk at a time ...
constexpr std::size_t read_bytes_max = 256u << 10;  // ... or those until so many bytes are reached.
constexpr std::uint64_t read_retry_us = 1'000'000;
}  // namespace

void Sessions::drain(Session& session) {
  session.is_draining = true;
  session.left_behind = false;
  session.drained = 0;
  shard_.calls.pump(session.handle);
}

void Sessions::pump(Session& session) {
  if (!session.is_draining || session.is_reading || session.connection == nullptr) return;
  const std::uint64_t handle = session.handle;
  MailboxEntry* entry = session.account.mailbox.after(session.drained);
  for (std::size_t offered = 0; entry != nullptr; entry = session.account.mailbox.after(session.drained)) {
    if (is_behind(session))
      return;  // Goes on when the client has accepted, or its connection has taken, something.
    const bool is_offered = entry->holders == 0 && !entry->is_expiring;
    if (is_offered && !entry->body && !entry->is_missing) return read_on(session, *entry);
    session.drained = entry->id;
    if (!is_offered) continue;
    if (entry->is_missing) {
      log::error("mailbox.body_missing", {{"account", session.account.address}, {"entry", entry->id}});
      remove(session.account, *entry);
      continue;
    }
    shard_.counters.messages_drained.add();
    shard_.calls.drained(session, *entry);
    if (find(handle) == nullptr || session.connection == nullptr || !session.is_draining) return;
    if (++offered == pump_slice) {
      shard_.calls.pump(handle);
      return;
    }
  }
  session.is_draining = false;
}

// The drain goes on when these bodies are there.
void Sessions::read_on(Session& session, MailboxEntry& from) {
  std::vector<Ref<MailboxEntry>> wanted;
  std::size_t bytes = 0;
  for (MailboxEntry* entry = &from;
       entry != nullptr && wanted.size() < read_entries_max && bytes < read_bytes_max; entry = entry->newer) {
    if (entry->body || entry->is_missing) continue;
    bytes += entry->body_bytes;
    entry->retain();
    wanted.push_back(Ref<MailboxEntry>::adopt(entry));
  }
  session.is_reading = true;
  shard_.bodies.read(std::move(wanted), [this, handle = session.handle](bool is_read) {
    Session* still = find(handle);
    if (still == nullptr) return;
    still->is_reading = false;
    if (is_read) {
      shard_.calls.pump(handle);
      shard_.calls.run_queued();
    } else {
      shard_.timers.set(shard_.now_us() + read_retry_us, [this, handle] {
        shard_.calls.pump(handle);
        shard_.calls.run_queued();
      });
    }
  });
}

}  // namespace hotline
