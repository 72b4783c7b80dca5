// What a supervisor is told of this process (sd_notify(3)): READY=1, MAINPID=4711, STATUS=…
//
// By hand, a datagram to $NOTIFY_SOCKET: a library for that would be one more dependency. Nothing happens
// where no supervisor asked for it. [any thread]
#pragma once

#include <string>

namespace hotline {

void notify_supervisor(const std::string& state);
// The same, and waits until it was read (at most 5 s): who ends right after it would be unknown by then.
void notify_supervisor_and_wait(const std::string& state);

}  // namespace hotline
