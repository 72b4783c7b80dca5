// Calls: from what happened on a shard to the module that is asked, each call a transaction.
//
// Whatever one call causes that others must be told of (a session ended, a drain goes on) is queued and told
// after it, so that calls never nest. Between two calls the shard looks at the safepoint: there, and only
// there, the live set may be another one afterwards.
//
// Threads: the shard's; live() is written by whoever swaps, while the shard stands at the safepoint.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/live_set.h"
#include "dispatch/module_context.h"
#include "dispatch/post.h"
#include "dispatch/transaction.h"
#include "hotline/module.h"
#include "net/http_message.h"

namespace hotline {

class Shard;
class Session;
struct Stream;

class Calls {
 public:
  explicit Calls(Shard& shard);

  LiveSet& live() { return live_; }
  const LiveSet& live() const { return live_; }
  // The set of the call that is being made; outside one the current.
  const ServingSet& serving() const { return serving_ == nullptr ? *live_.current : *serving_; }
  Transaction& transaction() { return transaction_; }
  // The module whose call is being made.
  const CalledModule* called() const { return called_; }
  // Of the call that is being made; nullptr: it is not shadowed.
  CallTape* tape() const { return tape_; }
  // The call is a candidate's in a shadow run: what it asks for is compared and dropped.
  bool is_shadow() const { return tape_ != nullptr && tape_->replays(); }
  // Meanwhile the transaction of the current generation's call for the same event; else nullptr.
  const Transaction* shadowed() const { return is_shadow() ? &live_.shadow->transaction() : nullptr; }
  // The module of the call that is being made has logged an error.
  void module_erred(std::string_view text);
  // Charges a generation with a fault of its code, and tells whoever records it.
  void charge(const Generation& generation, EventKind event, FaultCause cause);
  ModuleCounters& counters(std::uint16_t module);

  // What happened. Each returns when the module has been called and what it asked for was done.
  void stream_opened(std::uint64_t stream, const StreamHeader& header);
  void stream_closed(std::uint64_t stream, std::string_view account);
  void stanza(Stream& stream, const Ref<const Stanza>& stanza);
  // A stanza that was counted when it came: it is not counted again.
  void offer(Stream& stream, const Ref<const Stanza>& stanza, const Receipt& receipt);
  void line(Stream& stream, std::string_view line);
  void request(Stream& stream, std::uint64_t number, const HttpRequest& http, bool is_head);
  void posted(Post& post);
  void fanned_out(Post& post);
  void drained(Session& session, MailboxEntry& entry);
  // Nobody took the entry in time. True: the module has seen to it, and what it did is safe once `receipt` is
  // released. False: it is to be offered again.
  bool expired(const std::string& account, const Ref<MailboxEntry>& entry, const Receipt& receipt);
  void timer(std::uint16_t module, std::string_view account, std::string_view key, std::string_view bytes);
  void command(Post& post);
  void worked(Post& post);

  // Told after the call that is being made, or at once.
  void session_is(std::uint64_t session, std::int32_t what, std::uint64_t value);
  void pump(std::uint64_t session);
  // Runs what is queued. True: some is left for the next turn.
  bool run_queued();
  bool has_queued() const { return !notices_.empty(); }
  // What a set posted once is run so many times more.
  void also_posted(std::uint32_t set, std::uint32_t times);

 private:
  struct Notice {
    std::int32_t what;  // HL_SESSION_…; 0: pump.
    std::uint64_t session;
    std::uint64_t value;
  };
  enum class Answer { taken, not_mine, fault };
  // What a call is made for; whose it is and what it holds, should nobody survive it.
  struct Event {
    ServingSet& set;  // Handles it from start to end.
    EventKind kind;
    std::uint16_t module;
    std::string_view account;
    const Receipt& receipt;
    const Stanza* stanza = nullptr;
    const Buffer* content = nullptr;  // For the quarantine, as in FailedEvent.
    std::uint64_t stream = 0;
    std::uint32_t topic = 0;
  };

  // Calls the module of the event's set, and when that faults its heir; the heir alone when that has faulted
  // often enough to be left.
  template <typename Call>
  Answer run(const Event& event, const Call& call);
  template <typename Call>
  Answer attempt(ServingSet& set, const CalledModule& target, const Event& event, const Call& call);
  // What the call answered: its effects are done, or it is undone and charged.
  Answer conclude(const CalledModule& target, const Event& event, hl_status status, bool is_measured);
  // shadow_calls.cpp: the candidate that is to be called for the event too, once `target` was; nullptr: none.
  const CalledModule* begin_shadow(const ServingSet& set, const CalledModule& target, const Event& event);
  using ShadowCall = std::function<hl_status(const CalledModule& module)>;
  void shadow(const CalledModule& candidate, const Event& event, hl_status live_status,
              const ShadowCall& call);
  void call_candidate(const CalledModule& candidate, const Event& event, hl_status live_status,
                      const ShadowCall& call);
  // Nobody survived it.
  void give_up(const Event& event);
  void commit();
  void apply(Effect& effect, const Receipt& part);
  void write_rows();
  ServingSet& set_of(const Post& post);
  // The module that answers for the domain below ours that `to` is in.
  ModuleIndex service_of(const ServingSet& set, std::string_view to) const;
  AddressClass address_class(const Stream& stream, std::string_view to) const;
  void refuse(Stream& stream, const Stanza& stanza, const char* type, const char* condition);
  void answer_for_disabled(Stream& stream, const Stanza& stanza);
  // An error for the sender of a stanza that failed at its recipient's home.
  void bounce(const Stanza& stanza, const char* condition);
  void tell(const Notice& notice);

  Shard& shard_;
  LiveSet live_;
  ServingSet* serving_ = nullptr;
  Transaction transaction_;
  std::deque<Notice> notices_;
  std::vector<std::uint16_t> told_;  // The modules that the notice in hand goes to.
  std::vector<std::unique_ptr<ModuleCounters>> counters_;
  bool is_telling_ = false;
  const CalledModule* called_ = nullptr;
  CallTape* tape_ = nullptr;
  FaultCause cause_;   // Of the call that is being made.
  EventKind kind_{};   // Likewise.
  std::string words_;  // What it threw and caught, as far as it said so.
};

// The stanza as modules see it; valid as long as `stanza`.
hl_stanza view_of(const Stanza& stanza);

inline hl_str to_str(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view from_str(hl_str text) {
  return {text.data, text.size};
}

}  // namespace hotline
