// Gateways: what is sent goes out, is tried again, or is given up; and no queue grows without end. (Webhooks,
// which need a socket, are in tests/push/numbers.py.)
#include "outbox/gateways.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

using namespace hotline;

namespace {

struct Outside {
  Outside() {
    std::string name = (std::filesystem::temp_directory_path() / "hotline-outbox-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory = name;
  }
  ~Outside() { std::filesystem::remove_all(directory); }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  std::string program(const std::string& script) const {
    const std::string file = directory + "/program";
    std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
    chmod(file.c_str(), 0700);
    return file;
  }
  std::string text(const std::string& file) const {
    std::ostringstream text;
    text << std::ifstream(directory + "/" + file).rdbuf();
    return text.str();
  }
  // What becomes of one message by a gateway with these settings.
  OutboxOutcome send(GatewaySettings settings, const std::string& body) {
    settings.name = "out";
    Gateways gateways({settings}, clock, random);
    std::promise<OutboxOutcome> outcome;
    REQUIRE(gateways.send({"out", body, [&outcome](OutboxOutcome told) {
                             outcome.set_value(std::move(told));
                           }}) == Outbox::Answer::waits);
    return outcome.get_future().get();
  }

  std::string directory;
  SystemClock clock;
  SecureRandom random;
};

using Kind = GatewaySettings::Kind;

}  // namespace

TEST_CASE_FIXTURE(Outside, "gateways: a file gets a line a message, and is its owner's alone") {
  const std::string file = directory + "/sms";
  CHECK(send({.kind = Kind::file, .target = file}, "one").kind == OutboxOutcome::Kind::taken);
  CHECK(send({.kind = Kind::file, .target = file}, "two").kind == OutboxOutcome::Kind::taken);
  CHECK(text("sms") == "one\ntwo\n");
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE_FIXTURE(Outside, "gateways: a command reads its message, knows whose it is, and says how it went") {
  const std::string good =
      program("cat >\"$(dirname \"$0\")\"/$HOTLINE_GATEWAY; test -n \"$HOTLINE_MESSAGE\"");
  CHECK(send({.kind = Kind::command, .target = good}, "a $(b) 'c'").kind == OutboxOutcome::Kind::taken);
  CHECK(text("out") == "a $(b) 'c'");
  const OutboxOutcome refused = send({.kind = Kind::command, .target = program("exit 65")}, "x");
  CHECK(refused.kind == OutboxOutcome::Kind::refused);
  CHECK(refused.status == 65);
  CHECK(send({.kind = Kind::command, .target = program("kill -9 $$"), .attempts_max = 1}, "x").kind ==
        OutboxOutcome::Kind::failed);
  CHECK(send({.kind = Kind::command, .target = directory + "/nothing", .attempts_max = 1}, "x").kind ==
        OutboxOutcome::Kind::failed);
}

TEST_CASE_FIXTURE(Outside, "gateways: what failed is tried again, with the id it had") {
  const std::string flaky =
      program("cd \"$(dirname \"$0\")\"; echo $HOTLINE_MESSAGE >>ids; test \"$(wc -l <ids)\" -gt 1");
  CHECK(send({.kind = Kind::command, .target = flaky}, "x").kind == OutboxOutcome::Kind::taken);
  const std::string ids = text("ids");
  REQUIRE(ids.size() == 66);
  CHECK(ids.substr(0, 33) == ids.substr(33));
}

TEST_CASE_FIXTURE(Outside, "gateways: a program that does not end is ended with the host") {
  const std::string endless = program("touch \"$(dirname \"$0\")\"/began; exec sleep 600");
  bool was_told = false;
  {
    Gateways gateways({{.name = "out", .kind = Kind::command, .target = endless, .attempts_max = 1}}, clock,
                      random);
    REQUIRE(gateways.send({"out", "x", [&was_told](const OutboxOutcome&) { was_told = true; }}) ==
            Outbox::Answer::waits);
    for (int i = 0; i < 10'000 && !std::filesystem::exists(directory + "/began"); ++i) usleep(1'000);
  }
  CHECK(was_told);
}

TEST_CASE_FIXTURE(Outside, "gateways: one that is not there, and one that is full, say so at once") {
  Gateways gateways({{.name = "out", .kind = Kind::file, .target = directory, .waiting_max = 0}}, clock,
                    random);
  CHECK(gateways.room("other") == Outbox::Answer::unknown);
  CHECK(gateways.send({"other", "x", {}}) == Outbox::Answer::unknown);
  CHECK(gateways.room("out") == Outbox::Answer::full);
  CHECK(gateways.send({"out", "x", {}}) == Outbox::Answer::full);
}

TEST_CASE("webhooks: a signature is that of the time and the body") {
  CHECK(webhook_signature("key", 1, "body") ==
        "sha256=91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5");
  CHECK(webhook_signature("key", 1, "body") != webhook_signature("key", 2, "body"));
  CHECK(webhook_signature("key", 1, "body") != webhook_signature("other", 1, "body"));
}

TEST_CASE_FIXTURE(Outside,
                  "gateways: what waits to be tried again can be given up, and its sender is told once") {
  GatewaySettings settings{.kind = Kind::command, .target = program("exit 75"), .attempts_max = 9};
  settings.name = "out";
  Gateways gateways({settings}, clock, random);
  CHECK(gateways.give_up_waiting("nothing waits", true));
  std::promise<OutboxOutcome> outcome;
  REQUIRE(gateways.send({"out", "a PIN", [&outcome](OutboxOutcome told) {
                           outcome.set_value(std::move(told));
                         }}) == Outbox::Answer::waits);
  std::future<OutboxOutcome> told = outcome.get_future();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // The first attempt may be under way, and nothing waits then.
  while (!gateways.give_up_waiting("the program is replaced", false) ||
         told.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  const OutboxOutcome last = told.get();
  CHECK(last.kind == OutboxOutcome::Kind::failed);
  CHECK(last.words == "the program is replaced");
  CHECK(gateways.give_up_waiting("nothing waits", true));
}
