// archive as routing sees it: keeps what it was given to keep.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <vector>

#include "archive/topics.h"

namespace hotline::test {

struct GivenToKeep {
  std::string account, id, peer, message;
};
inline std::vector<GivenToKeep> given_to_keep;

struct ArchiveListener {
  explicit ArchiveListener(const hl_host*) { given_to_keep.clear(); }
  static sdk::Status on_post(const hl_post_event& event) {
    if (event.topic != archive::topic::keep) return HL_OK;
    const std::string bytes(sdk::view(event.bytes));
    const std::size_t id_end = bytes.find('\n'), peer_end = bytes.find('\n', id_end + 1);
    given_to_keep.push_back({std::string(sdk::view(event.account)), bytes.substr(0, id_end),
                             bytes.substr(id_end + 1, peer_end - id_end - 1), bytes.substr(peer_end + 1)});
    return HL_OK;
  }
};
inline constexpr hl_module_entry archive_listener = sdk::entry<ArchiveListener>(
    "name archive\nversion 1.0.0\nabi 1.0\nabout Listens\naccepts-posts routing\n");

}  // namespace hotline::test
