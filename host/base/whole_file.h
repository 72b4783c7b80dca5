// Files that appear whole or not at all, and are on disk when the call returns.
//
// The errors name the file and what the system said. Nothing is left behind on failure.
// [any thread that may wait for the disk]
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace hotline {

// A file that is not there yet.
Result<void> write_new_file(const std::string& path, std::string_view bytes, mode_t mode);
// In place of what is there, through `path`.part; the directory is synced too.
Result<void> replace_file(const std::string& path, std::string_view bytes, mode_t mode);
Result<void> sync_directory(const std::string& directory);
// At most `bytes_max` bytes of a regular file; more is an error.
Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max);

}  // namespace hotline
