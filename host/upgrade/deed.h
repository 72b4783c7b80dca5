// Deed: what the state machine of an upgrade wants done next: something to say to the other process, or
// something to do here.
//
// A machine (giving.h, taking.h) knows no socket, no shard and no time. Whoever runs it does the deeds in
// their order, and tells it what it heard, what was done, and that the other one is gone. [one thread]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "upgrade/message.h"

namespace hotline::upgrade {

enum class Act : std::uint8_t {
  say,  // `message`, with nothing besides.
  // Both; answered with did() or could_not(), but for those marked.
  freeze,          // The partition here.
  carry,           // Say CARRY with all of what was frozen. (Not answered.)
  give,            // Say GO, and let go of the partition. (Not answered: no way back.)
  resume,          // It goes on here, from what freeze left.
  expect,          // Posts for it wait here; done once all of this process's posts for it are on their way.
  unpack,          // What CARRY brought; no key is used.
  put_in,          // It is served here from now on.
  expect_no_more,  // What came of it is wiped, what waited goes to the other process. (Not answered.)
  load,            // Its rows and mailboxes from the store; its sessions are gone. (Not answered.)
  reap,            // The other process is killed, and known to be dead before the next deed. (Not answered.)
  end,             // This process ends, in order. (Not answered.)
  // A
  hand_doors,       // Accept no more, say DOORS with all sockets, locks and keys. (Not answered.)
  take_doors_back,  // Accept again. (Not answered.)
  close_store,      // All that waits is on disk, and the file is closed.
  give_up,          // Neither has the store now: the supervisor starts anew. (Not answered.)
  await_debts,      // All is back: B may say what it still owes. Done when it has had its time.
  failed,           // The upgrade is over, A serves all as before; `words` says why. (Not answered.)
  // B
  prepare,      // As `message`, an Offer, wants it: modules, trust, certificates, shards.
  open_doors,   // Accept on what DOORS brought.
  open_store,   // It is B's; what was not yet safe is written again.
  serve_alone,  // A is not needed any more. (Not answered.)
  pay_debts,    // All went back: nothing of it is expected, and whoever waits for a word of B's has it.
};

struct Deed {
  Act act = Act::say;
  std::uint16_t partition = 0;
  Message message = {};
  std::string words = {};
};
using Deeds = std::vector<Deed>;

inline Deed to_say(Message message) {
  return {.act = Act::say, .message = std::move(message)};
}
inline Deed to_do(Act act, std::uint16_t partition = 0, std::string words = {}) {
  return {.act = act, .partition = partition, .message = {}, .words = std::move(words)};
}

}  // namespace hotline::upgrade
