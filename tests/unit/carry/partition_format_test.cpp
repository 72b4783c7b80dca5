// What a partition is carried as: written, cut anywhere, changed anywhere, newer than we are.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "unit/carry/sample_parts.h"

namespace hotline::test {
namespace {

std::string encoded() {
  Result<std::string> bytes = encode_partition(sample_parts(), carry_version);
  REQUIRE(bytes.has_value());
  return *bytes;
}

std::string refusal(std::string_view bytes) {
  const Result<CarriedParts> parts = decode_partition(bytes);
  return parts ? "it was read" : parts.error().message;
}

// Of the sample with something wrong in it.
template <typename Spoil>
std::string refusal_of(const Spoil& spoil) {
  CarriedParts parts = sample_parts();
  spoil(parts);
  return refusal(*encode_partition(parts, carry_version));
}

bool has(const std::string& text, const char* what) {
  return text.find(what) != std::string::npos;
}

TEST_CASE("partition format: what is written is read again, each part of it") {
  const std::string bytes = encoded();
  Result<CarriedParts> parts = decode_partition(bytes);
  REQUIRE(parts.has_value());
  CHECK(parts->head.partition == 17);
  CHECK(parts->head.tables[1].name == "presence");
  CHECK_FALSE(parts->head.tables[1].is_durable);
  REQUIRE(parts->accounts.size() == 2);
  const CarriedAccount& anna = parts->accounts[0];
  CHECK(anna.entries[0].body->bytes() == "<message><body>1</body></message>");
  CHECK(anna.entries[0].receipt.stanza == 8);
  CHECK_FALSE(static_cast<bool>(anna.entries[1].body));
  CHECK(anna.rows[1].value == std::string("\0\xff", 2));
  CHECK(anna.timers[0].left_us == 3'000'000);
  REQUIRE(parts->sessions.size() == 2);
  CHECK(parts->sessions[0].fields[0].value == -5);
  CHECK(parts->sessions[0].holds == std::vector<std::uint16_t>{0, 2, 1});
  CHECK(parts->sessions[1].stream == 0);
  REQUIRE(parts->connections.size() == 1);
  CHECK(parts->connections[0].tls == std::string("HLTS\0secret", 11));
  CHECK(parts->connections[0].framer.partial == "<mess");
  // And all that was not looked at is the same.
  CHECK(*encode_partition(*parts, carry_version) == bytes);
}

// releases/VERSION.partition: the sample as that release wrote it. Each release adds its own: encoded().
TEST_CASE("partition format: what each release wrote is read, and what it reads is written") {
  int releases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CARRY_RELEASES)) {
    CAPTURE(entry.path().filename().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    const Result<CarriedParts> parts = decode_partition(bytes);
    REQUIRE_MESSAGE(parts.has_value(), refusal(bytes));
    const auto version = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes.at(4)));
    CHECK(*encode_partition(*parts, version) == bytes);
    CHECK(*encode_partition(sample_parts(), version) == bytes);
    ++releases;
  }
  CHECK(releases > 0);
}

TEST_CASE("partition format: an empty partition is carried, too") {
  const std::string bytes = *encode_partition(CarriedParts(), carry_version);
  CHECK(decode_partition(bytes).has_value());
}

TEST_CASE("partition format: cut after any byte it is refused, and so with one more") {
  const std::string bytes = encoded();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string wrong = refusal(std::string_view(bytes).substr(0, size));
    INFO("cut at " << size);
    CHECK(wrong != "it was read");
  }
  CHECK(has(refusal(bytes + '\0'), "some of it is missing"));
}

TEST_CASE("partition format: changed in any byte it is refused, or is another partition and whole") {
  const std::string bytes = encoded();
  int read = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    const Result<CarriedParts> parts = decode_partition(changed);
    if (!parts) continue;
    ++read;
    CHECK(*encode_partition(*parts, carry_version) == changed);
  }
  CHECK(read > 0);
}

TEST_CASE("partition format: a part that is not known, or is newer, is refused by its name") {
  std::string unknown = encoded();
  unknown.replace(unknown.find("SESS"), 4, "MOOD");
  CHECK(has(refusal(unknown), "a part `MOOD` that this host does not know"));
  std::string newer = encoded();
  newer[newer.find("ACCT") + 4] = 2;
  CHECK(has(refusal(newer), "its part `ACCT` in version 2, this host reads 1"));
  CHECK(has(refusal(newer), "carry it in format 1"));
}

TEST_CASE("partition format: a format that is newer, or not written any more, is refused by its number") {
  std::string newer = encoded();
  newer[4] = static_cast<char>(carry_version + 1);
  CHECK(has(refusal(newer), "is carried in format 2, and this host reads 1 to 1"));
  for (const std::uint32_t version : {carry_version_min - 1, carry_version + 1}) {
    const Result<std::string> bytes = encode_partition(sample_parts(), version);
    REQUIRE_FALSE(bytes.has_value());
    CHECK(has(bytes.error().message, "cannot be carried in format"));
  }
  CHECK(has(refusal("GET / HTTP/1.1\r\n\r\n"), "no carried partition"));
}

TEST_CASE("partition format: parts that are out of place, or contradict each other, are refused") {
  const auto contradict = [](const std::string& wrong) { return has(wrong, "contradict each other"); };
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.sessions[0].account = 2; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.accounts[0].entries[1].id = 11; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.accounts[0].entries[0].body = nullptr; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.accounts[0].entries[0].module = 2; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.accounts[0].rows[0].table = 2; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.accounts[0].timers[0].module = 9; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.sessions[0].fields[0].number = 2; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.sessions[0].unacknowledged[0].entry = 99; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.sessions[0].before = 3; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.connections[0].listener = 1; })));
  CHECK(contradict(refusal_of([](CarriedParts& parts) { parts.connections[0].tls.clear(); })));

  std::string swapped = encoded();  // A session in front of the first account.
  const std::size_t account = swapped.find("ACCT"), session = swapped.find("SESS");
  swapped = swapped.substr(0, account) + swapped.substr(session);
  CHECK(refusal(swapped) != "it was read");
  std::string headless = encoded();
  headless.erase(8, headless.find("ACCT") - 8);
  CHECK(has(refusal(headless), "`ACCT` is out of place"));
}

TEST_CASE("partition format: a count that the bytes cannot hold costs no memory") {
  std::string bytes = encoded();
  const std::size_t count_at = bytes.find("HEAD") + 10 + 4 + 1 + 8;  // Of the modules' names.
  for (std::size_t i = 0; i < 4; ++i) bytes[count_at + i] = '\xff';
  CHECK(has(refusal(bytes), "`HEAD` is not what it should be"));
}

}  // namespace
}  // namespace hotline::test
