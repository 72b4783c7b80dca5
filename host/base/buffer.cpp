#include "base/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace hotline {

Ref<const Buffer> Buffer::copy(std::string_view bytes) {
  return concat(bytes, {});
}

Ref<const Buffer> Buffer::concat(std::string_view first, std::string_view second) {
  const std::size_t size = first.size() + second.size();
  void* memory = std::malloc(sizeof(Buffer) + size);
  if (memory == nullptr) throw std::bad_alloc();
  char* data = static_cast<char*>(memory) + sizeof(Buffer);
  if (!first.empty()) std::memcpy(data, first.data(), first.size());
  if (!second.empty()) std::memcpy(data + first.size(), second.data(), second.size());
  return Ref<const Buffer>::adopt(new (memory) Buffer(data, static_cast<std::uint32_t>(size)));
}

void Buffer::free_self() const {
  std::free(const_cast<Buffer*>(this));
}

}  // namespace hotline
