// A post on its way to the other process, in bytes (wire.h).
//
// Modules go by name, as their numbers are a process's own; the set of modules that posted it stays behind:
// whoever serves the account handles it. A stanza goes as its canonical bytes and is parsed again.
//
// Threads: post_bytes any; a PostReader one.
#pragma once

#include <string>
#include <string_view>

#include "dispatch/module_names.h"
#include "dispatch/post.h"
#include "net/xml_parser.h"

namespace hotline::upgrade {

// For no partition alone: receipts of that host's own.
inline constexpr std::uint32_t no_partition = UINT32_MAX;

struct WirePost {
  std::uint32_t partition = no_partition;
  Post post;
};

// Of the kinds that may cross: bytes, stanza, fan_out, safe, stored, work.
bool may_cross(Post::Kind kind);
std::string post_bytes(std::uint32_t partition, const Post& post, ModuleNames& modules);

class PostReader {
 public:
  PostReader(ModuleNames& modules, Random& random) : modules_(modules), parser_(random) {}
  // The error: it is none, or its stanza does not parse.
  Result<WirePost> read(std::string_view bytes);

 private:
  ModuleNames& modules_;
  XmlParser parser_;
};

}  // namespace hotline::upgrade
