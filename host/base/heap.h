// The heap of this process as a whole: jemalloc's in a program that has it (arena/module_malloc.cpp), glibc's
// in all others. Source: jemalloc(3), mallinfo(3). Threads: any.
#pragma once

#include <cstdint>

namespace hotline {

struct HeapFigures {
  std::uint64_t used_bytes = 0;  // In blocks that were handed out, ...
  std::uint64_t free_bytes = 0;  // ... and what it holds beside them: free pages and blocks, its own books.
};
HeapFigures heap_figures();

// Gives back to the kernel what is free. Takes milliseconds, in which others allocate as ever.
void trim_heap();

}  // namespace hotline
