// The allocator of a program that runs modules: what module code allocates is taken from its generation's
// arena, all else from jemalloc.
//
// Defined in the executable, these come before those of glibc, libstdc++ and jemalloc itself for every
// library and module of the process ("Replacing malloc" in glibc's manual; jemalloc(3), its non-standard API,
// which nobody else's names stand in front of). A module is not asked to cooperate, in whatever language it
// is written. Linked only where modules are run for good, into hotlined: sanitizers bring an allocator of
// their own, and a preflight process ends with what its module kept.
//
// jemalloc rather than glibc's (docs/decisions/0046-jemalloc.md): a session's blocks without a head each, and
// freeing one does not read its neighbours.
//
// What libc and the dynamic loader allocate within a module's call stays theirs: thread-local blocks, time
// zones, buffers of streams. Such memory may outlive the generation. (So does a strdup() that a module
// leaks.)
#include <jemalloc/jemalloc.h>
#include <link.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "arena/arena.h"
#include "arena/block_owner.h"
#include "arena/segments.h"

namespace {

using hotline::ArenaPart;
using hotline::block_owner;
using hotline::GenerationArena;
using hotline::is_in_segments;

constexpr std::size_t usual_alignment = 16;
constexpr std::size_t page_bytes = 4096;

struct Code {
  std::uintptr_t begin = 0, end = 0;
  bool has(const void* address) const {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= begin && at < end;
  }
};

// Found out before main(): both are mapped then, and stay where they are.
struct SystemCode {
  Code libc, loader;

  SystemCode() {
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
          auto& system = *static_cast<SystemCode*>(data);
          const std::string_view path = info->dlpi_name;
          Code* const code = path.find("/libc.so") != path.npos    ? &system.libc
                             : path.find("/ld-linux") != path.npos ? &system.loader
                                                                   : nullptr;
          if (code == nullptr) return 0;
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const ElfW(Phdr)& header = info->dlpi_phdr[i];
            if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
            code->begin = info->dlpi_addr + header.p_vaddr;
            code->end = code->begin + header.p_memsz;
          }
          return 0;
        },
        this);
  }
};
const SystemCode system_code;

// The process's own memory.
void* process_taken(std::size_t bytes, int flags = 0) {
  void* const block = mallocx(bytes == 0 ? 1 : bytes, flags);
  if (block == nullptr) errno = ENOMEM;
  return block;
}

void process_free(void* block) {
  if (block != nullptr) dallocx(block, 0);
}

void* process_resized(void* block, std::size_t bytes) {
  if (block == nullptr) return process_taken(bytes);
  if (bytes == 0) {
    process_free(block);
    return nullptr;
  }
  void* const resized = rallocx(block, bytes, 0);
  if (resized == nullptr) errno = ENOMEM;
  return resized;
}

// Whose memory the allocation is that `caller` asks for.
ArenaPart* owner_for(const void* caller) {
  ArenaPart* const owner = block_owner;
  if (owner == nullptr) [[likely]]
    return nullptr;
  return system_code.libc.has(caller) || system_code.loader.has(caller) ? nullptr : owner;
}

void* taken(ArenaPart& from, std::size_t bytes, std::size_t alignment = usual_alignment) {
  void* const block = from.allocate(bytes, alignment);
  if (block == nullptr) errno = ENOMEM;
  return block;
}

void* aligned(const void* caller, std::size_t alignment, std::size_t bytes) {
  ArenaPart* const owner = owner_for(caller);
  if (owner == nullptr) return process_taken(bytes, MALLOCX_ALIGN(std::bit_ceil(alignment)));
  return taken(*owner, bytes, std::bit_ceil(alignment));
}

// A block of an arena goes to whoever owns what is allocated now; nullptr: the process.
void* moved(ArenaPart* owner, void* block, std::size_t bytes) {
  const std::size_t old_bytes = GenerationArena::size_of(block);
  void* const fresh = owner == nullptr ? process_taken(bytes) : taken(*owner, bytes);
  if (fresh == nullptr) return nullptr;
  std::memcpy(fresh, block, old_bytes < bytes ? old_bytes : bytes);
  GenerationArena::free(block);
  return fresh;
}

void* resized(const void* caller, void* block, std::size_t bytes) {
  ArenaPart* const owner = owner_for(caller);
  if (block == nullptr) return owner == nullptr ? process_taken(bytes) : taken(*owner, bytes);
  if (!is_in_segments(block)) return process_resized(block, bytes);
  if (bytes != 0) return moved(owner, block, bytes);
  GenerationArena::free(block);
  return nullptr;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  ArenaPart* const owner = owner_for(__builtin_return_address(0));
  return owner == nullptr ? process_taken(bytes) : taken(*owner, bytes);
}

void free(void* block) noexcept {
  if (is_in_segments(block)) [[unlikely]]
    return GenerationArena::free(block);
  process_free(block);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ArenaPart* const owner = owner_for(__builtin_return_address(0));
  std::size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all)) {
    errno = ENOMEM;
    return nullptr;
  }
  if (owner == nullptr) return process_taken(all, MALLOCX_ZERO);
  void* const block = taken(*owner, all);
  return block == nullptr ? nullptr : std::memset(block, 0, all);
}

void* realloc(void* block, std::size_t bytes) noexcept {
  return resized(__builtin_return_address(0), block, bytes);
}

void* reallocarray(void* block, std::size_t count, std::size_t bytes) noexcept {
  std::size_t all = 0;
  if (!__builtin_mul_overflow(count, bytes, &all)) return resized(__builtin_return_address(0), block, all);
  errno = ENOMEM;
  return nullptr;
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return aligned(__builtin_return_address(0), alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return aligned(__builtin_return_address(0), alignment, bytes);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  if (alignment % sizeof(void*) != 0 || !std::has_single_bit(alignment)) return EINVAL;
  const int saved_errno = errno;
  void* const taken = aligned(__builtin_return_address(0), alignment, bytes);
  errno = saved_errno;
  if (taken == nullptr) return ENOMEM;
  *block = taken;
  return 0;
}

void* valloc(std::size_t bytes) noexcept {
  return process_taken(bytes, MALLOCX_ALIGN(page_bytes));
}

void* pvalloc(std::size_t bytes) noexcept {
  return process_taken((bytes + page_bytes - 1) / page_bytes * page_bytes, MALLOCX_ALIGN(page_bytes));
}

std::size_t malloc_usable_size(void* block) noexcept {
  if (is_in_segments(block)) return GenerationArena::size_of(block);
  return block == nullptr ? 0 : sallocx(block, 0);
}

}  // extern "C"

// jemalloc has these as well, which would pass over what is above.
namespace {

void* new_or_nothing(std::size_t bytes, std::size_t alignment) {
  ArenaPart* const owner = block_owner;
  if (owner != nullptr) [[unlikely]]
    return taken(*owner, bytes, alignment);
  return process_taken(bytes, alignment > usual_alignment ? MALLOCX_ALIGN(alignment) : 0);
}

// No handler is asked: the host sets none, and a module's would outlive it.
void* new_or_thrown(std::size_t bytes, std::size_t alignment) {
  void* const block = new_or_nothing(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

// Its size is known, so jemalloc need not look it up in its books, of which no cache has the page.
void free_sized(void* block, std::size_t bytes, std::size_t alignment) {
  if (block == nullptr) return;
  if (is_in_segments(block)) [[unlikely]]
    return GenerationArena::free(block);
  sdallocx(block, bytes == 0 ? 1 : bytes, alignment > usual_alignment ? MALLOCX_ALIGN(alignment) : 0);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return new_or_thrown(bytes, usual_alignment);
}
void* operator new[](std::size_t bytes) {
  return new_or_thrown(bytes, usual_alignment);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return new_or_thrown(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return new_or_thrown(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return new_or_nothing(bytes, usual_alignment);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return new_or_nothing(bytes, usual_alignment);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t& /*tag*/) noexcept {
  return new_or_nothing(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment, const std::nothrow_t& /*tag*/) noexcept {
  return new_or_nothing(bytes, static_cast<std::size_t>(alignment));
}

void operator delete(void* block) noexcept {
  free(block);
}
void operator delete[](void* block) noexcept {
  free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  free(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/) noexcept {
  free(block);
}
void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept {
  free(block);
}
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept {
  free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/, const std::nothrow_t& /*tag*/) noexcept {
  free(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/, const std::nothrow_t& /*tag*/) noexcept {
  free(block);
}
void operator delete(void* block, std::size_t bytes) noexcept {
  free_sized(block, bytes, usual_alignment);
}
void operator delete[](void* block, std::size_t bytes) noexcept {
  free_sized(block, bytes, usual_alignment);
}
void operator delete(void* block, std::size_t bytes, std::align_val_t alignment) noexcept {
  free_sized(block, bytes, static_cast<std::size_t>(alignment));
}
void operator delete[](void* block, std::size_t bytes, std::align_val_t alignment) noexcept {
  free_sized(block, bytes, static_cast<std::size_t>(alignment));
}
