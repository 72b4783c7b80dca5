#pragma once

namespace hotline {

// Asks the kernel to let this thread, when it wakes, run before one that computes: for threads that work in
// short bursts and whose latency clients see. Without it a thread that wakes may wait until the next tick (4
// ms at 250 Hz) for what happens to run: the command line, a push, a compiler. It takes no more of the
// processor for it and needs no privilege. Linux 6.12 and later; before, nothing changes. (sched_setattr(2),
// `sched_runtime` of a SCHED_OTHER thread; kernel's Documentation/scheduler/sched-eevdf.rst)
void ask_for_short_slices();

}  // namespace hotline
