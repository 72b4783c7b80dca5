// What an upgrade runs has not run before in either process: each page of code costs its first visitor a
// fault.
#pragma once

namespace hotline {

// The kernel maps all code of this process, its libraries' and its modules', before somebody waits for it.
// Linux 5.14 and later; before, nothing happens. (madvise(2), MADV_POPULATE_READ) [any thread]
void map_all_code();

}  // namespace hotline
