// Transaction: what one call into a module asks for. It takes effect when the call has returned well, in the
// order it was asked for; or not at all (invariant 3).
//
// Changes that the call itself must see (rows, session fields, a session it binds) are made at once with a
// record of how to undo them; everything else waits as an effect.
//
// Threads: its shard's. One at a time: calls do not nest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/stanza.h"
#include "hotline/types.h"
#include "state/mailbox.h"
#include "state/receipt.h"
#include "state/table.h"

namespace hotline {

// Texts lie in the transaction's arena (keep_text), or with what outlives the call.
struct Effect {
  enum class Kind : std::uint8_t {
    stream_send,       // handle, bytes
    stream_close,      // handle, text: condition, text2
    stream_start_tls,  // handle, bytes
    stream_move,       // handle, text: account
    stream_login,      // handle, text: account, bytes: answer, or null: the stream goes on
    stream_line,       // handle, bytes
    session_bind,      // handle: stream, handle2: session
    session_end,       // handle: session, text: condition, text2
    session_send,      // handle, bytes, flag: the address is added
    session_entry,     // handle, entry, bytes or null: its own
    session_nonza,     // handle, bytes
    session_enable,    // handle, bytes: answer, text: request, number: resume_s
    session_ack,       // handle, number: h
    session_resume,    // handle: stream, handle2: session, number: h, text: answer
    mailbox_put,       // text: account, entry
    mailbox_drain,     // handle: session
    mailbox_remove,    // text: account, entry
    mailbox_purge,     // text: account
    timer_set,         // text: account, text2: key, number64: due_us, number: delay_ms, bytes
    timer_cancel,      // text: account, text2: key
    post,              // text: account, number: topic, number64: module, bytes, is_stanza
    fan_out,           // text: accounts, a line each, number: topic, number64: module, bytes
    work,              // number: its place among the calls
    command_reply,     // number64: command, text: json, is_refusal
    http_respond,      // number64: request, number: status, text: fields (http_fields.h), bytes: body
    http_file,         // The same, text2: name, handle: offset, handle2: length
    file_erase,        // text: name, text2: digest
  };
  Kind kind = Kind::work;
  bool flag = false;  // is_stanza, is_refusal, adds_to
  std::uint32_t number = 0;
  std::uint64_t number64 = 0;
  std::uint64_t handle = 0;
  std::uint64_t handle2 = 0;
  Ref<const Buffer> bytes;
  Ref<MailboxEntry> entry;
  std::string_view text, text2;
};

// A durable row that the call changed: written to the store when the call has returned well.
struct RowTouch {
  std::uint32_t table;
  std::string account;
  std::string key;
};

class Transaction {
 public:
  bool is_open() const { return is_open_; }
  std::uint16_t module() const { return module_; }

  void begin(std::uint16_t module, const Receipt& receipt, const Stanza* stanza) {
    is_open_ = true;
    module_ = module;
    receipt_ = receipt;
    stanza_ = stanza;
  }

  Effect& add(Effect::Kind kind) {
    Effect& effect = effects_.emplace_back();
    effect.kind = kind;
    return effect;
  }
  // What runs when the call has returned well.
  void add_work(std::function<void()> call) {
    add(Effect::Kind::work).number = static_cast<std::uint32_t>(calls_.size());
    calls_.push_back(std::move(call));
  }
  const std::function<void()>& work(const Effect& effect) const { return calls_[effect.number]; }
  void undo_by(std::function<void()> undo) { undos_.push_back({std::move(undo), false}); }
  // The same for a change that may be stepped back from: run twice, all is as it was after the first change.
  void exchange_by(std::function<void()> exchange) { undos_.push_back({std::move(exchange), true}); }
  void touch_row(RowTouch row) { rows_.push_back(std::move(row)); }

  // The stanza that is being handled, and those that the module parsed in this call.
  const Stanza* stanza() const { return stanza_; }
  const Receipt& receipt() const { return receipt_; }
  // Keeps something alive until the call is over.
  void keep(Ref<const Buffer> buffer) { kept_.push_back(std::move(buffer)); }
  std::string_view keep_text(std::string_view text) { return arena_.copy(text); }
  const hl_stanza* keep_view(const hl_stanza& view) { return arena_.copy_of(view); }
  Ref<const Buffer> find_kept(const Buffer* buffer) const;

  // Entries put in this call, or offered to it by a drain.
  void know(Ref<MailboxEntry> entry) { entries_.push_back(std::move(entry)); }
  Ref<MailboxEntry> known(std::uint64_t id) const;

  std::vector<Effect>& effects() { return effects_; }
  const std::vector<Effect>& effects() const { return effects_; }
  std::vector<RowTouch>& rows() { return rows_; }
  // Undoes what was done at once, newest first, and forgets the rest.
  void roll_back();
  void end();
  // As if the call had not been made yet, for another one to be made on the same state; and back again. What
  // has no exchange stays: a session that was bound, which nobody finds before the call is committed.
  void step_back();
  void step_forward();

  // The line that is being handled, if it is one.
  std::string_view line;

  // A row it asked for is parked: its failure is then the row's, not the module's.
  void meet_parked() { has_met_parked_ = true; }
  bool has_met_parked() const { return has_met_parked_; }

  // Set while an entry is being drained into this session.
  std::uint64_t draining_session = 0;

 private:
  bool is_open_ = false;
  bool has_met_parked_ = false;
  std::uint16_t module_ = 0;
  Receipt receipt_;
  const Stanza* stanza_ = nullptr;
  std::vector<Effect> effects_;
  std::vector<RowTouch> rows_;
  struct Undo {
    std::function<void()> run;
    bool is_exchange;
  };
  std::vector<Undo> undos_;
  std::vector<Ref<const Buffer>> kept_;
  std::vector<std::function<void()>> calls_;
  Arena arena_;
  std::vector<Ref<MailboxEntry>> entries_;
};

}  // namespace hotline
