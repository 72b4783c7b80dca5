// What of a module file can change while it is loaded: variables of the whole image, which all its instances
// share and which are gone with it.
//
// Any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hotline {

// The names of variables in writable memory, readable, in the order of the file; what the toolchain puts
// there is left out. A file without a symbol table has none to name: its sections are named instead.
std::vector<std::string> writable_variables(std::span<const std::byte> file);

}  // namespace hotline
