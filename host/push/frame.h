// Frame: a place in a module's code as reports of faults write it and `hotline symbolize` reads it, also when
// the module has long been unloaded:
//
//     routing+0x1a2b [5f2c0a7d…]         the module, the place in its image, the whole build id
//
// Values. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline {

struct Frame {
  std::string module;
  std::uint64_t offset = 0;
  std::string build_id;

  std::string text() const;
};

// The first one in `text`, which is left with what is behind it. Nothing: there is none.
std::optional<Frame> take_frame(std::string_view& text);
// "0x1a2b" or "1a2b".
std::optional<std::uint64_t> parse_offset(std::string_view text);

}  // namespace hotline
