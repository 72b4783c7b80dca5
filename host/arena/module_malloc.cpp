// The C allocator of a program that runs modules: what module code allocates is taken from its generation's
// arena, all else from glibc, whose own functions stand behind these.
//
// Defined in the executable, these come before glibc's for every library and module of the process
// ("Replacing malloc" in glibc's manual; operator new of libstdc++ calls malloc). A module is not asked to
// cooperate, in whatever language it is written. Linked only where modules are run for good, into hotlined:
// sanitizers bring an allocator of their own, and a preflight process ends with what its module kept.
//
// What libc and the dynamic loader allocate within a module's call stays theirs: thread-local blocks, time
// zones, buffers of streams. Such memory may outlive the generation. (So does a strdup() that a module
// leaks.)
#include <dlfcn.h>
#include <link.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "arena/arena.h"
#include "arena/block_owner.h"
#include "arena/segments.h"

// NOLINTBEGIN(bugprone-reserved-identifier, cert-dcl*, readability-identifier-naming): they are glibc's
// names.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void* __libc_valloc(std::size_t bytes);
void* __libc_pvalloc(std::size_t bytes);
void __libc_free(void* block);
}

namespace {

using hotline::ArenaPart;
using hotline::block_owner;
using hotline::GenerationArena;
using hotline::is_in_segments;

constexpr std::size_t usual_alignment = 16;

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
  if (owner == nullptr) return __libc_memalign(alignment, bytes);
  return taken(*owner, bytes, std::bit_ceil(alignment));
}

// A block of an arena goes to whoever owns what is allocated now; nullptr: the process.
void* moved(ArenaPart* owner, void* block, std::size_t bytes) {
  const std::size_t old_bytes = GenerationArena::size_of(block);
  void* const fresh = owner == nullptr ? __libc_malloc(bytes) : taken(*owner, bytes);
  if (fresh == nullptr) return nullptr;
  std::memcpy(fresh, block, old_bytes < bytes ? old_bytes : bytes);
  GenerationArena::free(block);
  return fresh;
}

void* resized(const void* caller, void* block, std::size_t bytes) {
  ArenaPart* const owner = owner_for(caller);
  if (block == nullptr) return owner == nullptr ? __libc_malloc(bytes) : taken(*owner, bytes);
  if (!is_in_segments(block)) return __libc_realloc(block, bytes);
  if (bytes != 0) return moved(owner, block, bytes);
  GenerationArena::free(block);
  return nullptr;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  ArenaPart* const owner = owner_for(__builtin_return_address(0));
  return owner == nullptr ? __libc_malloc(bytes) : taken(*owner, bytes);
}

void free(void* block) noexcept {
  if (is_in_segments(block)) [[unlikely]]
    return GenerationArena::free(block);
  __libc_free(block);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
  ArenaPart* const owner = owner_for(__builtin_return_address(0));
  if (owner == nullptr) return __libc_calloc(count, bytes);
  std::size_t all = 0;
  if (__builtin_mul_overflow(count, bytes, &all)) {
    errno = ENOMEM;
    return nullptr;
  }
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
  return __libc_valloc(bytes);
}

void* pvalloc(std::size_t bytes) noexcept {
  return __libc_pvalloc(bytes);
}

std::size_t malloc_usable_size(void* block) noexcept {
  if (is_in_segments(block)) return GenerationArena::size_of(block);
  using Ask = std::size_t (*)(void*);
  static const Ask ask = reinterpret_cast<Ask>(dlsym(RTLD_NEXT, "malloc_usable_size"));
  return ask(block);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier, cert-dcl*, readability-identifier-naming)
