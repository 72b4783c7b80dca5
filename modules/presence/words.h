// What is posted to presence at another account's home. The numbers and the form of what comes with them are
// part of the module's schema: a generation takes what the one before it posted.
//
//     from '\n' detail '\n' xml      `from` and `detail` as the topic says; `xml` ready to be sent
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::presence {

namespace topic {
constexpr std::uint32_t account_removed = 1;  // From registration: no bytes.
constexpr std::uint32_t request = 2;  // from: bare; detail: subscribe, unsubscribe, subscribed, unsubscribed
constexpr std::uint32_t broadcast = 3;  // from: full. For an account that is subscribed; else it is dropped.
constexpr std::uint32_t directed =
    4;                              // from: any; detail: the resource it is for, or none: all that are there.
constexpr std::uint32_t probe = 5;  // from: bare; detail: the resource that asks; no xml.
// From privacy: the bytes are an address of the account's blocklist (XEP-0191), in any of its forms.
constexpr std::uint32_t blocked = 6;    // It is on the list now: it is to see nobody any more.
constexpr std::uint32_t unblocked = 7;  // It is off the list: it sees again what it may see.
// From profile, no bytes: the account's picture is another (profile/photo.h).
constexpr std::uint32_t avatar_changed = 8;
}  // namespace topic

// What goes to routing for a session that has used XEP-0352: its client_state.h says in which form.
constexpr std::uint32_t routing_topic_presence = 4;
// What goes to profile when a session says what its client can do (XEP-0115): resource '\n' node '#' version.
constexpr std::uint32_t profile_topic_came = 6;

struct Word {
  std::string_view from;
  std::string_view detail;
  std::string_view xml;

  std::string encode() const {
    std::string bytes;
    bytes.reserve(from.size() + detail.size() + xml.size() + 2);
    return bytes.append(from).append(1, '\n').append(detail).append(1, '\n').append(xml);
  }
  static std::optional<Word> decode(std::string_view bytes) {
    const std::size_t first = bytes.find('\n');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = bytes.find('\n', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    return Word{bytes.substr(0, first), bytes.substr(first + 1, second - first - 1),
                bytes.substr(second + 1)};
  }
};

constexpr std::string_view bare(std::string_view address) {
  return address.substr(0, address.find('/'));
}

}  // namespace hotline::presence
