// What presence keeps with a session for others to read: host fields (session.field), numbers that are 0
// at first and survive detaching and every push. Names and encodings are a contract between modules that are
// pushed apart from each other: a change of meaning takes a new name.
//
//     field            written by  meaning
//     priority         presence    0: not available; else the presence's priority (-128..127) + 1000
//     roster           presence    1: it asked for the roster, so it is told of changes to it
//     carbons          routing     1: carbons are on (XEP-0280)
//     groups_said      groups      (second << 16) | what was said to rooms in that second, in fifths of a
//     message
//     csi              routing     0: it never said; 1: its client is inactive (XEP-0352); 2: active again
//     blocklist        privacy     1: it asked for the blocklist, so it is told of changes to it (XEP-0191)
#pragma once

#include <cstdint>
#include <string_view>

namespace hotline::session_fields {

constexpr std::string_view priority = "priority";
constexpr std::string_view roster = "roster";
constexpr std::string_view carbons = "carbons";
constexpr std::string_view groups_said = "groups_said";
constexpr std::string_view client_state = "csi";
constexpr std::string_view blocklist = "blocklist";

constexpr std::int64_t priority_base = 1000;
constexpr std::int64_t client_inactive = 1;
constexpr std::int64_t client_active_again = 2;

constexpr std::int64_t encode_priority(int value) {
  return value + priority_base;
}
constexpr bool is_available(std::int64_t field) {
  return field != 0;
}
// Available, and its priority is not negative: messages to the bare address may go there (RFC 6121 4.7.2.3).
constexpr bool takes_bare_messages(std::int64_t field) {
  return field >= priority_base;
}

}  // namespace hotline::session_fields
