// The configuration: any text is read, or refused with a line in every message.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/config.h"
#include "control/config_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = hotline::Config::parse({reinterpret_cast<const char*>(data), size}, "fuzz.json");
  if (config) {
    (void)hotline::config_report(*config);
  } else {
    hotline::check(config.error().message.starts_with("fuzz.json:"), "a refusal names file and line");
  }
  return 0;
}
