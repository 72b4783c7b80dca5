#include "upgrade/message.h"

#include <openssl/crypto.h>

#include <array>

#include "base/check.h"
#include "upgrade/wire.h"

namespace hotline::upgrade {

namespace {

constexpr std::size_t text_bytes_max = 4'096;
constexpr std::uint32_t partitions_known = 256;

// The numbers on the wire, in the order of Message's alternatives.
constexpr std::array<std::uint16_t, std::variant_size_v<Message>> types = {
    1, 33, 34, 2, 35, 12, 42, 3, 4, 36, 37, 5, 38, 10, 6, 39, 7, 40, 8, 9, 41, 43, 11};
constexpr std::array<const char*, std::variant_size_v<Message>> names = {
    "OFFER", "HELLO", "LOADED",  "DOORS", "DOORS_OPEN", "EXPECT", "FENCED", "CARRY",
    "KEEP",  "READY", "REFUSED", "GO",    "SERVES",     "RECALL", "POSTS",  "BATCH",
    "SAFE",  "ASK",   "ANSWER",  "STORE", "WRITING",    "BACK",   "STOP"};

std::optional<std::size_t> index_of(std::uint16_t type) {
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] == type) return i;
  return std::nullopt;
}

std::uint16_t partition(WireReader& in, bool& is_fine) {
  const auto partition = in.number<std::uint16_t>();
  if (partition >= partitions_known) is_fine = false;
  return partition;
}
bool flag(WireReader& in, bool& is_fine) {
  const auto value = in.number<std::uint8_t>();
  if (value > 1) is_fine = false;
  return value == 1;
}
std::string words(WireReader& in) {
  return std::string(in.text(text_bytes_max));
}

// Each message both ways. `fine` becomes false for a value that its writer could not have meant.
void write(WireWriter& out, const Offer& its) {
  out.number(its.protocol).number(its.shards).number(its.host_number).text(its.domain).number(its.message_id);
  out.number(its.heap_bytes).number(static_cast<std::uint32_t>(its.doors.size()));
  for (const DoorAddress& door : its.doors)
    out.text(door.kind).text(door.address).text(door.name).number(door.port);
}
void read(WireReader& in, Offer& its, bool&) {
  its.protocol = in.number<std::uint32_t>();
  its.shards = in.number<std::uint32_t>();
  its.host_number = in.number<std::uint8_t>();
  its.domain = words(in);
  its.message_id = in.number<std::uint64_t>();
  its.heap_bytes = in.number<std::uint64_t>();
  its.doors.resize(in.count(14));
  for (DoorAddress& door : its.doors) {
    door.kind = words(in);
    door.address = words(in);
    door.name = words(in);
    door.port = in.number<std::uint16_t>();
  }
}
void write(WireWriter& out, const Hello& its) {
  out.number(its.protocol).number(its.pid).text(its.version).text(its.build_id);
}
void read(WireReader& in, Hello& its, bool&) {
  its.protocol = in.number<std::uint32_t>();
  its.pid = in.number<std::uint32_t>();
  its.version = words(in);
  its.build_id = words(in);
}
void write(WireWriter& out, const Doors& its) {
  out.number(its.first).number(its.count).number(its.total).text(its.ticket_keys);
}
void read(WireReader& in, Doors& its, bool& is_fine) {
  its.first = in.number<std::uint32_t>();
  its.count = in.number<std::uint32_t>();
  its.total = in.number<std::uint32_t>();
  its.ticket_keys = words(in);
  if (its.first > its.total || its.count > its.total - its.first || its.count > upgrade_descriptors_max)
    is_fine = false;
}
void write(WireWriter& out, const Carry& its) {
  out.number(its.partition).number(static_cast<std::uint8_t>(its.is_last)).rest(its.bytes);
}
void read(WireReader& in, Carry& its, bool& is_fine) {
  its.partition = partition(in, is_fine);
  its.is_last = flag(in, is_fine);
  its.bytes = in.rest();
}
void write(WireWriter& out, const Refused& its) {
  out.number(its.partition).text(its.why);
}
void read(WireReader& in, Refused& its, bool& is_fine) {
  its.partition = partition(in, is_fine);
  its.why = words(in);
}
void write(WireWriter& out, const Safe& its) {
  out.number(its.shard).number(its.number);
}
void read(WireReader& in, Safe& its, bool&) {
  its.shard = in.number<std::uint32_t>();
  its.number = in.number<std::uint64_t>();
}
void write(WireWriter& out, const Ask& its) {
  out.number(its.number).number(its.question).rest(its.bytes);
}
void read(WireReader& in, Ask& its, bool&) {
  its.number = in.number<std::uint64_t>();
  its.question = in.number<std::uint16_t>();
  its.bytes = in.rest();
}
void write(WireWriter& out, const Answer& its) {
  out.number(its.number).number(static_cast<std::uint8_t>(its.is_error)).rest(its.bytes);
}
void read(WireReader& in, Answer& its, bool& is_fine) {
  its.number = in.number<std::uint64_t>();
  its.is_error = flag(in, is_fine);
  its.bytes = in.rest();
}
void write(WireWriter& out, const StoreClosed& its) {
  out.text(its.record);
}
void read(WireReader& in, StoreClosed& its, bool&) {
  its.record = in.text();
}
void write(WireWriter& out, const Back& its) {
  out.text(its.why);
}
void read(WireReader& in, Back& its, bool&) {
  its.why = words(in);
}
void write(WireWriter& out, const Stop& its) {
  out.text(its.why);
}
void read(WireReader& in, Stop& its, bool&) {
  its.why = words(in);
}

template <typename Of>
concept OfPartition = std::is_same_v<Of, Keep> || std::is_same_v<Of, Ready> || std::is_same_v<Of, Go> ||
    std::is_same_v<Of, Recall> || std::is_same_v<Of, Expect> || std::is_same_v<Of, Fenced>;
template <OfPartition Of>
void write(WireWriter& out, const Of& its) {
  out.number(its.partition);
}
template <OfPartition Of>
void read(WireReader& in, Of& its, bool& is_fine) {
  its.partition = partition(in, is_fine);
}

void write(WireWriter& out, const Serves& its) {
  out.number(its.partition).number(its.since_us);
}
void read(WireReader& in, Serves& its, bool& is_fine) {
  its.partition = partition(in, is_fine);
  its.since_us = in.number<std::uint64_t>();
}

void write(WireWriter& out, const Posts& its) {
  out.rest(its.bytes);
}
void read(WireReader& in, Posts& its, bool&) {
  its.bytes = in.rest();
}
void write(WireWriter& out, const Batch& its) {
  out.number(static_cast<std::uint8_t>(its.is_last)).rest(its.bytes);
}
void read(WireReader& in, Batch& its, bool& is_fine) {
  its.is_last = flag(in, is_fine);
  its.bytes = in.rest();
}

template <typename Of>
concept OfNothing = std::is_empty_v<Of>;
template <OfNothing Of>
void write(WireWriter&, const Of&) {}
template <OfNothing Of>
void read(WireReader&, Of&, bool&) {}

template <std::size_t index = 0>
void read_alternative(std::size_t wanted, WireReader& in, std::optional<Message>& out, bool& is_fine) {
  if constexpr (index < std::variant_size_v<Message>) {
    if (index != wanted) return read_alternative<index + 1>(wanted, in, out, is_fine);
    std::variant_alternative_t<index, Message> its{};
    read(in, its, is_fine);
    out.emplace(std::in_place_index<index>, std::move(its));
  }
}

}  // namespace

const char* name_of(const Message& message) {
  return names[message.index()];
}

std::string to_frame(const Message& message, std::size_t descriptors) {
  WireWriter body;
  std::visit([&](const auto& its) { write(body, its); }, message);
  check(body.size() <= upgrade_frame_bytes_max && descriptors <= upgrade_descriptors_max,
        "what is said in an upgrade fits a frame");
  WireWriter frame;
  frame.number(static_cast<std::uint32_t>(body.size()))
      .number(types[message.index()])
      .number(static_cast<std::uint16_t>(descriptors));
  // There may be keys in the body: it is copied once, and wiped.
  std::string bytes = body.take(), all = frame.take();
  all.reserve(all.size() + bytes.size());
  all += bytes;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return all;
}

Result<Header> read_header(std::string_view bytes) {
  WireReader in(bytes.substr(0, header_bytes));
  Header header;
  header.body_bytes = in.number<std::uint32_t>();
  header.type = in.number<std::uint16_t>();
  header.descriptors = in.number<std::uint16_t>();
  if (!in.is_whole()) return Error{"a frame of an upgrade has a header of 8 bytes"};
  if (!index_of(header.type))
    return Error{"no message of an upgrade has the number " + std::to_string(header.type)};
  if (header.body_bytes > upgrade_frame_bytes_max)
    return Error{"a message of an upgrade has " + std::to_string(header.body_bytes) + " bytes, more than " +
                 std::to_string(upgrade_frame_bytes_max)};
  if (header.descriptors > upgrade_descriptors_max)
    return Error{"a message of an upgrade has " + std::to_string(header.descriptors) +
                 " descriptors, more than " + std::to_string(upgrade_descriptors_max)};
  return header;
}

Result<Message> read_body(const Header& header, std::string_view body) {
  const std::optional<std::size_t> index = index_of(header.type);
  WireReader in(body);
  std::optional<Message> message;
  bool is_fine = index.has_value() && body.size() == header.body_bytes;
  if (is_fine) read_alternative(*index, in, message, is_fine);
  if (!is_fine || !in.is_whole())
    return Error{std::string("a message of an upgrade is no ") + (index ? names[*index] : "known one")};
  return std::move(*message);
}

}  // namespace hotline::upgrade
