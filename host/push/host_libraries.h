// Which versions of symbols the libraries of this process provide.
//
// A module may need a newer libstdc++ than the host runs on; that is told by name before anything is
// loaded. [any thread]
#pragma once

#include <map>
#include <set>
#include <string>

namespace hotline {

// By DT_SONAME, of the libraries that are loaded now: "libc.so.6" -> "GLIBC_2.34", ... A library that is not
// loaded is not in it.
using LibraryVersions = std::map<std::string, std::set<std::string>, std::less<>>;

LibraryVersions host_library_versions();

}  // namespace hotline
