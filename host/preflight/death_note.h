// DeathNote: what a preflight child says when a module has killed it, or did not come back in time: the
// signal and where it was, in lines that the host reads (push/preflight).
//
//     !signal 11
//     !frame 7f31c2a4016b
//
// Written from the signal's handler, on a stack of its own, so that an overflown one can be told too. SIGTERM
// is the host's word that the time is over.
//
// [child, its only thread]
#pragma once

namespace hotline::preflight {

// Before any module code. `descriptor` is where the lines go.
void write_death_notes_to(int descriptor);

}  // namespace hotline::preflight
