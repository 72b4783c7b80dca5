// Names of a module's functions, by address: for reports of faults, off the path of any signal.
//
// Read from the file's own symbol table each time: a fault is rare, and the file stays as long as its
// generation does. Any thread that may wait for the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "push/fault.h"

namespace hotline {

// The function of the module file at `path` that has the code at `offset`, readable:
// "Routing::on_stanza(...)". Empty: the file was stripped, or no function of it lies there.
std::string function_at(const std::string& path, std::uintptr_t offset);
// The same of a file's bytes.
std::string function_at(std::span<const std::byte> file, std::uintptr_t offset);

// Whether a function of that readable name is the SDK's, between the host and the module's own code.
bool is_of_sdk(std::string_view function);

// "routing 1.1.0 SIGSEGV at address 0x0 in Routing::on_stanza(...) (routing+0x1a2b [5f2c0a7d…]), called for
// on_stanza"
std::string words_of(const Fault& fault);

}  // namespace hotline
