#include "net/openssl_heap.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <string.h>

#include <algorithm>
#include <cstdlib>

namespace hotline {
namespace {

// The allocator knows how large a block is, so none of ours has to carry its size.
void* take(std::size_t bytes, const char*, int) {
  return std::malloc(bytes);
}

void wipe_and_free(void* block, const char*, int) {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

// Never in place: realloc() may move a block and leave the old one as it was.
void* resize(void* block, std::size_t bytes, const char* file, int line) {
  if (block == nullptr) return take(bytes, file, line);
  if (bytes == 0) {
    wipe_and_free(block, file, line);
    return nullptr;
  }
  void* const larger = std::malloc(bytes);
  if (larger == nullptr) return nullptr;
  memcpy(larger, block, std::min(bytes, malloc_usable_size(block)));
  wipe_and_free(block, file, line);
  return larger;
}

}  // namespace

bool wipe_openssl_heap_on_free() {
  return CRYPTO_set_mem_functions(take, resize, wipe_and_free) == 1;
}

}  // namespace hotline
