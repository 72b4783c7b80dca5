// Whose abort() it is.
//
// abort() is libc's, so the program counter of its SIGABRT says nothing. The frames above it do: the module
// called it, or assert() did for the module, or the C++ runtime did because the module let an exception out
// where none may go. None of these holds a lock. When the allocator, a check of libc's or the core calls it,
// the process's own state is what broke.
//
// Threads: find_abort_code() once; aborted_in() in the handler of a SIGABRT that abort() raised. It
// unwinds by tables that the loader serves without a lock or memory of its own (glibc 2.35).
#pragma once

#include "push/unmap.h"

namespace hotline {

void find_abort_code();
// Where in `code` that was; nullptr: it was not that code's.
const void* aborted_in(const MappedRange& code) noexcept;

}  // namespace hotline
