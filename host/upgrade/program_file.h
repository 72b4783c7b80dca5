// ProgramFile: a program's bytes, read once, and what they say of themselves: for which machine, which build.
//
// An Image of larger files than modules may be: programs carry their debug information. The bytes are the
// outside's: every offset is checked before it is followed. Any thread that may wait for the disk.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "push/image.h"

namespace hotline {

inline constexpr std::size_t program_bytes_max = 512u << 20;

// The error is a complete refusal: "/tmp/hotlined refused: …".
Result<Image> read_program(const std::string& path);
// Lower-case hexadecimal; empty: it has none. The error, a complete refusal: it is no program of this
// machine.
Result<std::string> program_build_id(const Image& image);

}  // namespace hotline
