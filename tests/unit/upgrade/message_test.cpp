#include "upgrade/message.h"

#include <doctest/doctest.h>

using namespace hotline;
using namespace hotline::upgrade;

namespace {

std::vector<Message> one_of_each() {
  Offer offer;
  offer.shards = 2;
  offer.domain = "example.org";
  offer.doors = {{"xmpp", "127.0.0.1", "", 5222}, {"lines", "::", "chat", 7000}};
  offer.message_id = 1ull << 40;
  return {offer,
          Hello{upgrade_protocol, 4711, "1.2.3", "abcdef"},
          Loaded{},
          Doors{0, 2, 5, "keys"},
          DoorsOpen{},
          Expect{3},
          Fenced{3},
          Carry{255, true, std::string("a\0b", 3)},
          Keep{7},
          Ready{8},
          Refused{9, "no room"},
          Go{10},
          Serves{11, 1ull << 40},
          Recall{12},
          Posts{"posts"},
          Batch{true, "batch"},
          Safe{1, 1ull << 50},
          Ask{1, 2, "which"},
          Answer{1, true, "no"},
          StoreClosed{},
          Writing{},
          Back{"why"},
          Stop{"why"}};
}

Result<Message> read_frame(std::string_view frame) {
  const Result<Header> header = read_header(frame);
  if (!header) return header.error();
  return read_body(*header, frame.substr(header_bytes));
}

}  // namespace

TEST_CASE("message: each is read as it was written") {
  const std::vector<Message> all = one_of_each();
  REQUIRE(all.size() == std::variant_size_v<Message>);
  for (std::size_t at = 0; at < all.size(); ++at) {
    REQUIRE(all[at].index() == at);
    const std::string frame = to_frame(all[at], at);
    const Result<Header> header = read_header(frame);
    REQUIRE(header);
    CHECK(header->descriptors == at);
    const Result<Message> message = read_body(*header, std::string_view(frame).substr(header_bytes));
    REQUIRE(message);
    CHECK(message->index() == at);
    CHECK(to_frame(*message, at) == frame);
  }
}

TEST_CASE("message: cut at any byte it is refused, and so is one with a byte too many") {
  for (const Message& message : one_of_each()) {
    const std::string frame = to_frame(message, 0);
    const Result<Header> header = read_header(frame);
    REQUIRE(header);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      CAPTURE(size);
      const std::string_view cut = std::string_view(frame).substr(0, size);
      if (size < header_bytes) {
        CHECK_FALSE(read_header(cut));
        continue;
      }
      CHECK_FALSE(read_frame(cut));
      // With a header that says so; what ends in bytes of any number has then fewer of them.
      Header shorter = *header;
      shorter.body_bytes = static_cast<std::uint32_t>(size - header_bytes);
      const Result<Message> read = read_body(shorter, cut.substr(header_bytes));
      if (read) {
        CHECK(to_frame(*read, 0).size() == size);
      }
    }
    Header longer = *header;
    ++longer.body_bytes;
    const std::string more = frame.substr(header_bytes) + '\0';
    const Result<Message> read = read_body(longer, more);
    if (read) {
      CHECK(to_frame(*read, 0).size() == frame.size() + 1);
    }
  }
}

TEST_CASE(
    "message: sizes, types and partitions beyond their bounds are refused before anything is reserved") {
  std::string frame = to_frame(Go{1}, 0);
  const auto with = [&](std::size_t at, unsigned char byte) {
    std::string changed = frame;
    changed[at] = static_cast<char>(byte);
    return changed;
  };
  CHECK(read_frame(frame));
  CHECK_FALSE(read_frame(with(3, 1)));    // 16 MiB.
  CHECK_FALSE(read_frame(with(4, 200)));  // No such type.
  CHECK_FALSE(read_frame(with(6, 201)));  // Descriptors.
  CHECK_FALSE(read_frame(with(9, 1)));    // Partition 257.
  Offer offer;
  offer.doors.resize(1);
  frame = to_frame(offer, 0);
  // The count of doors stands in front of its only, empty door.
  CHECK_FALSE(read_frame(with(frame.size() - 14 - 1, 255)));
}
