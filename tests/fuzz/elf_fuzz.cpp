// Any bytes at all as a module's file: read or refused, within bounds, and the same both times.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "push/elf_file.h"
#include "push/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = hotline::ElfFile::parse(bytes);
  if (!file && file.error().message.empty()) std::abort();

  static const hotline::VerifyPolicy policy = hotline::VerifyPolicy::of_host({"hotline.log/1"});
  const auto image = hotline::Image::of("fuzzed.so", std::vector<std::byte>(bytes.begin(), bytes.end()));
  const hotline::VerifyReport report = hotline::verify(image, policy);
  // What has no readable tables or no manifest is never accepted.
  if (report.is_accepted() && (!file || !report.manifest || report.build_id.empty())) std::abort();
  return 0;
}
