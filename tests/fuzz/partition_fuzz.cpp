// A carried partition from anybody: any bytes, most of them nearly right.
//
// What must hold: what is read is whole, and written again it is the same bytes.
#include <cstdlib>

#include "carry/partition_format.h"

using namespace hotline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<CarriedParts> parts = decode_partition(bytes);
  if (!parts) {
    if (parts.error().message.empty()) std::abort();
    return 0;
  }
  const Result<std::string> again = encode_partition(*parts, carry_version);
  if (!again || *again != bytes) std::abort();
  return 0;
}
