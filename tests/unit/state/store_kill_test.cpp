#include <doctest/doctest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "store_kill_plan.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

constexpr int kills = 25;

// Runs the child from batch `first` on, kills it once it has reported `reports` times, and returns the newest
// number it reported. Lines already in the pipe count: they were reported before the kill.
std::uint64_t run_and_kill(const std::string& path, std::uint64_t first, std::uint64_t reports) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string from = std::to_string(first);
  std::string name = STORE_KILL_CHILD;
  std::string database = path;
  char* arguments[] = {name.data(), database.data(), from.data(), nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, STORE_KILL_CHILD, &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);

  std::uint64_t newest = 0;
  std::uint64_t number = 0;
  std::uint64_t seen = 0;
  char bytes[256];
  for (ssize_t size; (size = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
    for (const char byte : std::string_view(bytes, static_cast<std::size_t>(size))) {
      if (byte != '\n') {
        number = number * 10 + static_cast<std::uint64_t>(byte - '0');
        continue;
      }
      newest = std::max(newest, std::exchange(number, 0));
      if (++seen == reports) ::kill(child, SIGKILL);
    }
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return newest;
}

}  // namespace

TEST_CASE("store: killed at any moment, what was reported safe is there, whole, in order and once") {
  const TemporaryDirectory directory;
  SeededRandom random(20'140'221);
  SystemClock clock;
  std::uint64_t found = 0;
  for (int kill = 0; kill < kills; ++kill) {
    CAPTURE(kill);
    const std::uint64_t reported = run_and_kill(directory.file(), found + 1, 1 + random.next_u64() % 60);
    auto store = SqliteStore::open(planned_settings(directory.file()), clock);
    REQUIRE_MESSAGE(store, store.error().message);
    const Contents contents = contents_of(**store);
    REQUIRE(contents.error.empty());
    REQUIRE(contents.rows.count("/progress/newest") == 1);
    found = std::stoull(contents.rows.at("/progress/newest").value);
    CHECK(found >= reported);
    // What is there is what the batches up to `found` leave, no more and no less: no batch is missing, split,
    // or taken out of turn.
    const auto expected = planned_messages(found);
    std::vector<std::pair<std::uint64_t, std::string>> messages;
    for (const StoredMessage& each : contents.messages) messages.emplace_back(each.id, each.body->bytes());
    CHECK(messages == std::vector<std::pair<std::uint64_t, std::string>>(expected.begin(), expected.end()));
  }
}
