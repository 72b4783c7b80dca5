#include "upgrade/channel.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <future>

using namespace hotline;
using namespace hotline::upgrade;

namespace {

// What one end heard, until it has ended.
struct Ear {
  std::vector<Message> messages;
  std::vector<std::size_t> descriptors;
  std::vector<ino_t> files;
  std::promise<std::string> end;

  Channel::Heard heard() {
    return [this](Message message, Channel::Descriptors given) {
      messages.push_back(std::move(message));
      descriptors.push_back(given.size());
      for (const Descriptor& each : given) {
        struct stat status {};
        REQUIRE(fstat(each.get(), &status) == 0);
        files.push_back(status.st_ino);
      }
    };
  }
  Channel::Ended ended() {
    return [this](const std::string& why) { end.set_value(why); };
  }
};

Descriptor a_file(std::vector<ino_t>& inodes) {
  FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  Descriptor mine(dup(fileno(file)));
  std::fclose(file);
  struct stat status {};
  REQUIRE(fstat(mine.get(), &status) == 0);
  inodes.push_back(status.st_ino);
  return mine;
}

}  // namespace

TEST_CASE("channel: messages arrive in order, each with its own descriptors") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  Ear ear;
  Channel hears(std::move(ends->second));
  hears.start(ear.heard(), ear.ended());
  std::vector<ino_t> given;
  constexpr std::uint16_t count = 40;
  {
    Channel says(std::move(ends->first));
    says.start([](Message, Channel::Descriptors) {}, [](const std::string&) {});
    for (std::uint16_t number = 0; number < count; ++number) {
      Channel::Descriptors some;
      for (int i = 0; i < number % 4; ++i) some.push_back(a_file(given));
      // Some larger than what is read at once.
      says.say(Carry{number, true, std::string(number * 20'000, 'x')}, std::move(some));
    }
    CHECK(says.flush());
  }
  CHECK(ear.end.get_future().get() == "it ended");
  REQUIRE(ear.messages.size() == count);
  for (std::uint16_t number = 0; number < count; ++number) {
    const auto* carry = std::get_if<Carry>(&ear.messages[number]);
    REQUIRE(carry != nullptr);
    CHECK(carry->partition == number);
    CHECK(carry->bytes.size() == number * 20'000u);
    CHECK(ear.descriptors[number] == number % 4u);
  }
  CHECK(ear.files == given);
}

TEST_CASE("channel: what is no message ends it, and nobody is waited for") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  Ear ear;
  Channel hears(std::move(ends->second));
  hears.start(ear.heard(), ear.ended());
  const std::string nonsense(100, '\xff');
  REQUIRE(::send(ends->first.get(), nonsense.data(), nonsense.size(), 0) == 100);
  CHECK(ear.end.get_future().get() == "no message of an upgrade has the number 65535");
  CHECK(ear.messages.empty());
  ends->first.close();
  hears.say(Loaded{});
  hears.flush();
}

TEST_CASE("channel: a header that promises descriptors which did not come is not believed") {
  auto ends = Channel::pair();
  REQUIRE(ends);
  Ear ear;
  Channel hears(std::move(ends->second));
  hears.start(ear.heard(), ear.ended());
  const std::string frame = to_frame(Loaded{}, 1);
  REQUIRE(::send(ends->first.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
  CHECK(ear.end.get_future().get() == "descriptors of a message of an upgrade are missing");
}
