// Sessions: the bound clients of the accounts at home on one shard, what they were sent and what they
// accepted.
//
// The one rule: a mailbox entry leaves its mailbox when a device has accepted it, and by no other event. A
// session's client accepts by XEP-0198 acknowledgement; without stream management, when its TCP has
// acknowledged the bytes. A session that is behind (its window is full) is not written to: it drains later,
// from the mailbox.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/slot_map.h"
#include "hotline/status.h"
#include "state/account.h"
#include "state/session.h"

namespace hotline {

class Shard;
struct Stream;

class Sessions {
 public:
  explicit Sessions(Shard& shard);

  Session* find(
      std::uint64_t handle) const;  // nullptr also for one that has ended but is still being told of.
  Session* find_ended(std::uint64_t handle) const { return sessions_.find(handle); }
  void prefetch_place(std::uint64_t handle) const { sessions_.prefetch_place(handle); }
  Session* find_by_sm_id(std::string_view id) const;
  std::size_t size() const { return sessions_.size(); }
  std::size_t detached() const { return detached_; }

  std::size_t index_bytes() const;  // Without the sessions.
  // For walks in slices: the session in that place, or nullptr.
  std::size_t places() const { return sessions_.places(); }
  Session* at(std::size_t place) const { return sessions_.at(place); }

  // Makes a session that is not attached yet; commit_bind() attaches it, forget() undoes it.
  Session& prepare(Account& account, std::string_view resource);
  void forget(std::uint64_t handle);
  void commit_bind(Stream& stream, Session& session);
  void end(Session& session, std::string_view condition, std::string_view text);
  // Its connection is gone.
  void detach(Session& session);

  // `adds_to`: the bytes are a stanza without `to`, and the session's address is written there.
  void send(Session& session, Ref<const Buffer> bytes, bool adds_to = false);
  void send_entry(Session& session, Ref<MailboxEntry> entry, Ref<const Buffer> bytes, bool is_drain);
  void send_nonza(Session& session, std::string_view xml);
  // Before its connection is flushed: asks the client to acknowledge when something is outstanding.
  void before_flush(Session& session);

  void enable(Session& session, std::string_view answer, std::string_view request, std::uint32_t resume_s);
  hl_status acknowledge(Session& session, std::uint32_t h);
  bool can_acknowledge(const Session& session, std::uint32_t h) const;
  void resume(std::uint64_t stream, std::uint64_t session, std::uint32_t h, std::string_view answer);
  // The stream waits for one that it resumes (Stream::resuming).
  void resume_later(std::uint64_t stream);

  // One that goes to another shard, and one that comes from there: with its number, behind its connection.
  // Its account refers to it all the while.
  std::unique_ptr<Session> take(std::uint64_t handle);
  void put(std::unique_ptr<Session> session, std::uint64_t resume_left_us);
  void cut(std::uint64_t handle);  // It came without its connection: modules are told.

  // Receipts of stanzas that sessions of this shard sent.
  Receipt received(Session& session);  // Numbers the stanza and holds it.
  void released(std::uint64_t session, std::uint32_t stanza);

  // Mailboxes.
  void put(Account& account, Ref<MailboxEntry> entry);
  void accept(Account& account, MailboxEntry& entry);
  void remove(Account& account, MailboxEntry& entry);  // Whatever the reason.
  void purge(Account& account);
  void drain(Session& session);
  void pump(Session& session);

  // Sessions without stream management whose TCP may have acknowledged what they were sent.
  void watch_arrivals();
  void bury(std::uint64_t handle);  // An ended session has been told of.

 private:
  bool is_behind(const Session& session) const;
  void read_on(Session& session, MailboxEntry& from);
  void attach(Session& session, Stream& stream);
  void unattach(Session& session);
  void hold_entries(Session& session, int by);
  void write(Session& session, const Buffer& bytes, bool adds_to);
  void write_again(Session& session);
  void accept_front(Session& session);
  void arm_arrivals();
  void expire_after(Session& session, std::uint64_t after_us);
  void request_later(Session& session);
  void request_due();

  struct ArrivalMark {
    std::size_t count = 0;       // The oldest so many stanzas ...
    std::uint64_t at_bytes = 0;  // ... have arrived when that many bytes have.
  };

  Shard& shard_;
  SlotMap<Session> sessions_;
  std::unordered_map<SmId, Session*, SmId::Hash> by_sm_id_;  // Those that can be resumed.
  std::unordered_map<std::uint64_t, ArrivalMark> arrivals_;
  std::uint64_t arrivals_timer_ = 0;
  struct Later {
    std::uint64_t session, due_us;
  };
  Ref<const Buffer> request_;  // How a client was last asked to acknowledge.
  std::deque<Later> later_;    // Who is asked to acknowledge at `due_us`, soonest first.
  std::uint64_t later_timer_ = 0;
  std::size_t detached_ = 0;
};

}  // namespace hotline
