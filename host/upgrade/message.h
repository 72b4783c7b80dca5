// The messages between the two processes of an upgrade, and the frames they travel in.
//
//     body bytes (4)  type (2)  descriptors (2)  body
//
// A, the old process, gives; B, the new one, takes; what each message means, and when it may be said, is in
// docs/decisions/0040-two-processes.md. Numbers of types are never used again for something else; a body only
// changes with `upgrade_protocol`.
//
// Descriptors travel beside a frame, in its order. [any thread; plain values]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace hotline {

inline constexpr std::uint32_t upgrade_protocol = 1;
inline constexpr std::size_t upgrade_frame_bytes_max = 64u << 20;
inline constexpr std::size_t upgrade_descriptors_max = 200;  // In one frame; the kernel takes 253.

namespace upgrade {

struct DoorAddress {
  std::string kind, address, name;
  std::uint16_t port = 0;
  bool operator==(const DoorAddress&) const = default;
};

// A: what it is, and what B has to be like.
struct Offer {
  std::uint32_t protocol = upgrade_protocol;
  std::uint32_t shards = 0;
  std::uint8_t host_number = 0;  // B's: it makes its handles and ids unlike A's.
  std::string domain;
  std::vector<DoorAddress> doors;
  std::uint64_t message_id = 0;  // A's last one.
  std::uint64_t heap_bytes = 0;  // That A uses: B will, too.
};
struct Hello {
  std::uint32_t protocol = upgrade_protocol;
  std::uint32_t pid = 0;
  std::string version, build_id;
};
struct Loaded {};
// A: `count` of its sockets and locks, from number `first` of `total`, one a descriptor.
struct Doors {
  std::uint32_t first = 0, count = 0, total = 0;
  std::string ticket_keys;  // Secret. With the first ones.
};
struct DoorsOpen {};
// Who has it: wait for it, and say when the last of your posts for it is on its way.
struct Expect {
  std::uint16_t partition = 0;
};
struct Fenced {
  std::uint16_t partition = 0;
};
struct Carry {
  std::uint16_t partition = 0;
  bool is_last = false;
  std::string bytes;  // Secret.
};
struct Keep {
  std::uint16_t partition = 0;
};
struct Ready {
  std::uint16_t partition = 0;
};
struct Refused {
  std::uint16_t partition = 0;
  std::string why;
};
struct Go {
  std::uint16_t partition = 0;
};
struct Serves {
  std::uint16_t partition = 0;
  std::uint64_t since_us = 0;  // CLOCK_MONOTONIC, which both processes read.
};
struct Recall {
  std::uint16_t partition = 0;
};
// Events for accounts that the other process has (post_wire.h).
struct Posts {
  std::string bytes;
};
// B: some of a batch for A's store.
struct Batch {
  bool is_last = false;
  std::string bytes;
};
// A: that batch of that shard, and all before it, are on disk.
struct Safe {
  std::uint32_t shard = 0;
  std::uint64_t number = 0;
};
// B asks A's store; A answers under the same number.
struct Ask {
  std::uint64_t number = 0;
  std::uint16_t question = 0;
  std::string bytes;
};
struct Answer {
  std::uint64_t number = 0;
  bool is_error = false;
  std::string bytes;  // Or the error's words.
};
// A has closed the store.
struct StoreClosed {
  std::string record;  // Of the history, for B to append: who, why, how long.
};
struct Writing {};
// B: an operator wants the old process to stay. Too late once it has closed the store.
struct Back {
  std::string why;
};
// Either side: it cannot go on, and why. The other one acts as if it had died.
struct Stop {
  std::string why;
};

using Message =
    std::variant<Offer, Hello, Loaded, Doors, DoorsOpen, Expect, Fenced, Carry, Keep, Ready, Refused, Go,
                 Serves, Recall, Posts, Batch, Safe, Ask, Answer, StoreClosed, Writing, Back, Stop>;

inline constexpr std::size_t header_bytes = 8;
struct Header {
  std::uint32_t body_bytes = 0;
  std::uint16_t type = 0;
  std::uint16_t descriptors = 0;
};

// Header and body.
std::string to_frame(const Message& message, std::size_t descriptors);
// Of at least header_bytes. The error: no message has such a type, or it is too large.
Result<Header> read_header(std::string_view bytes);
// The error names the type: it is not that message, whole and nothing else.
Result<Message> read_body(const Header& header, std::string_view body);
const char* name_of(const Message& message);  // "CARRY"
// Of a partition or a batch, in one message: what is behind it waits no longer.
inline constexpr std::size_t piece_bytes_max = 1u << 20;

}  // namespace upgrade
}  // namespace hotline
