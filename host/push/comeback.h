// Comeback: what a start tries, in turn, after a build has killed the process before it, until one goes live.
//
//     beside      the build before it is current; the guilty one stays behind it for its convert alone, as
//                 it has written rows of a newer schema, which nothing else reads
//     without     it is not loaded
//     in_front    it died converting rows for the one before it, and nothing else can: it is current, and
//                 reads its own
//     as_it_was   nothing else goes: its module is better served by a build that died once than by nobody
//
// Plain values.
#pragma once

#include <functional>
#include <vector>

#include "push/crash_record.h"
#include "push/module_store.h"

namespace hotline {

struct Comeback {
  enum class Way { beside, without, in_front, as_it_was };
  Way way = Way::as_it_was;
  std::vector<RunningModule> set;
};

// Whether rows that `guilty` wrote may need its code where `before` is current.
using WritesNewer = std::function<bool(const StoredBuild& guilty, const StoredBuild& before)>;

// Never none, and no way twice. `crash` without a build, or of one that is not in the set: as it was, alone.
std::vector<Comeback> comebacks(const std::vector<RunningModule>& running, const Crash& crash,
                                const WritesNewer& writes_newer);

}  // namespace hotline
