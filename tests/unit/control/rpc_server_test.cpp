// The control socket, over a real unix socket: the server on a loop of its own thread, clients in the test's.
#include "control/rpc_server.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "control/rpc_client.h"
#include "control/socket_path.h"
#include "unit/control/rpc_test_host.h"

using hotline::RpcCall;
using hotline::RpcClient;
using hotline::RpcError;
using hotline::RpcFailure;
using hotline::RpcIncoming;
using hotline::RpcReply;
using hotline::RpcServer;
using hotline::test::RpcTestHost;
using nlohmann::json;

namespace {

constexpr int silence_s_max = 20;

RpcClient connect(const std::string& socket) {
  auto connected = RpcClient::connect(socket);
  REQUIRE(std::holds_alternative<RpcClient>(connected));
  return std::get<RpcClient>(std::move(connected));
}

json result(hotline::RpcResult<json> answer) {
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) FAIL(failure->error.message);
  return std::get<json>(answer);
}

RpcError error(hotline::RpcResult<json> answer) {
  REQUIRE(std::holds_alternative<RpcFailure>(answer));
  const auto& failure = std::get<RpcFailure>(answer);
  REQUIRE(failure.kind == RpcFailure::Kind::refused);
  return failure.error;
}

RpcIncoming receive(RpcClient& client) {
  auto received = client.receive(silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&received)) FAIL(failure->error.message);
  return std::get<RpcIncoming>(received);
}

// Sends bytes as they are and returns everything until the host closes.
std::string raw_exchange(const std::string& socket, const std::string& bytes) {
  const auto fd = hotline::connect_unix_socket(socket);
  REQUIRE(fd.has_value());
  std::thread writer([&] {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t sent = ::send(*fd, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;  // The host had enough.
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(*fd, SHUT_WR);
  });
  std::string answer;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::recv(*fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  writer.join();
  ::close(*fd);
  return answer;
}

void add_echo(RpcServer& server) {
  server.add("echo", [](const RpcCall& call, const RpcReply& reply) { reply.result(call.params); });
}

}  // namespace

TEST_CASE("rpc: a call is answered, and the method knows who called") {
  RpcTestHost host([](RpcServer& server) {
    server.add("who", [](const RpcCall& call, const RpcReply& reply) {
      reply.result(
          {{"uid", call.caller.uid}, {"pid", call.caller.pid}, {"has_user", !call.caller.user.empty()}});
    });
  });
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("who", json::object(), silence_s_max)) ==
        json{{"uid", ::getuid()}, {"pid", ::getpid()}, {"has_user", true}});
}

TEST_CASE("rpc: the socket is the owner's alone") {
  RpcTestHost host(add_echo);
  struct stat found {};
  REQUIRE(::stat(host.socket().c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("rpc: an unknown method, bad parameters and a refusal have their codes") {
  RpcTestHost host([](RpcServer& server) {
    server.add("limit", [](const RpcCall& call, const RpcReply& reply) {
      reply.result(call.params.at("limit").get<int>());
    });
    server.add("no", [](const RpcCall&, const RpcReply& reply) { reply.refuse("not today"); });
    server.add("forgets", [](const RpcCall&, const RpcReply&) {});
  });
  RpcClient client = connect(host.socket());
  const RpcError unknown = error(client.call("nothing", json::object(), silence_s_max));
  CHECK(unknown.code == RpcError::method_not_found);
  CHECK(unknown.message == "no method `nothing`");
  const RpcError wrong = error(client.call("limit", {{"limit", "ten"}}, silence_s_max));
  CHECK(wrong.code == RpcError::invalid_params);
  CHECK(wrong.message == "`limit` does not take these parameters: type must be number, but is string");
  CHECK(error(client.call("limit", json::object(), silence_s_max)).code == RpcError::invalid_params);
  const RpcError refused = error(client.call("no", json::object(), silence_s_max));
  CHECK(refused.code == RpcError::refused);
  CHECK(refused.message == "not today");
  CHECK(error(client.call("forgets", json::object(), silence_s_max)).code == RpcError::internal_error);
}

TEST_CASE("rpc: what has no entry goes to the fallback, and is unknown when that has none either") {
  RpcTestHost host([](RpcServer& server) {
    server.set_fallback([](const RpcCall& call, const RpcReply& reply) {
      if (call.method != "user.add") return false;
      reply.result("added");
      return true;
    });
  });
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("user.add", json::object(), silence_s_max)) == "added");
  CHECK(error(client.call("user.sub", json::object(), silence_s_max)).code == RpcError::method_not_found);
}

TEST_CASE("rpc: an answer may come later from another thread, with progress before it") {
  std::thread worker;
  {
    RpcTestHost host([&worker](RpcServer& server) {
      server.add("push", [&worker](const RpcCall&, const RpcReply& reply) {
        worker = std::thread([reply] {
          for (int step = 1; step <= 3; ++step) reply.progress({{"step", step}});
          reply.result("live");
          reply.progress({{"step", 4}});  // After the answer: dropped.
          reply.result("again");          // Only the first counts.
        });
      });
      add_echo(server);
    });
    RpcClient client = connect(host.socket());
    std::vector<json> steps;
    const json answer = result(client.call("push", json::object(), silence_s_max,
                                           [&steps](const json& event) { steps.push_back(event); }));
    CHECK(answer == "live");
    CHECK(steps ==
          std::vector<json>{{{"id", 1}, {"step", 1}}, {{"id", 1}, {"step", 2}}, {{"id", 1}, {"step", 3}}});
    CHECK(result(client.call("echo", {{"a", 1}}, silence_s_max)) == json{{"a", 1}});
  }
  worker.join();
}

TEST_CASE("rpc: pipelined requests beyond the bound of unanswered ones are all answered") {
  constexpr std::size_t count = 500;
  std::vector<RpcReply> waiting;
  std::size_t waiting_longest = 0;
  RpcTestHost host(
      [&](RpcServer& server) {
        // Answers in pairs, last first: order is free, and the bound of 4 is reached again and again.
        server.add("pair", [&](const RpcCall& call, const RpcReply& reply) {
          waiting.push_back(reply);
          waiting_longest = std::max(waiting_longest, waiting.size());
          if (waiting.size() < 4 && call.params.at("n") != count - 1) return;
          for (; !waiting.empty(); waiting.pop_back()) waiting.back().result(call.params);
        });
      },
      {.unanswered_max = 4});
  RpcClient client = connect(host.socket());
  std::set<std::uint64_t> ids;
  for (std::size_t n = 0; n < count; ++n) {
    ids.insert(std::get<std::uint64_t>(client.send("pair", {{"n", n}})));
  }
  for (std::size_t n = 0; n < count; ++n) CHECK(ids.erase(receive(client).id.get<std::uint64_t>()) == 1);
  CHECK(ids.empty());
  CHECK(waiting_longest == 4);
}

TEST_CASE("rpc: malformed lines are answered with errors, and the connection goes on") {
  RpcTestHost host(add_echo);
  const std::string answer =
      raw_exchange(host.socket(),
                   "nonsense\n\n[]\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}\r\n"
                   "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\",\"params\":{\"x\":1}}\n"
                   "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}\n");
  std::vector<json> lines;
  for (std::size_t begin = 0, end = 0; (end = answer.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines.push_back(json::parse(answer.substr(begin, end - begin)));
  }
  REQUIRE(lines.size() == 4);
  CHECK(lines[0]["error"]["code"] == RpcError::parse_error);
  CHECK(lines[0]["id"].is_null());
  CHECK(lines[1]["error"]["code"] == RpcError::invalid_request);
  CHECK(lines[2]["error"]["code"] == RpcError::invalid_request);
  CHECK(lines[2]["id"] == 1);
  CHECK(lines[3]["result"] == json{{"x", 1}});
}

TEST_CASE("rpc: a request of the size bound is taken, a larger one is refused and its connection closed") {
  RpcTestHost host(add_echo);
  const std::string begin = R"({"jsonrpc":"2.0","id":1,"method":"echo","params":{"x":")";
  const std::string end = "\"}}";
  const auto request = [&](std::size_t bytes) {
    return begin + std::string(bytes - begin.size() - end.size(), 'x') + end + "\n";
  };
  CHECK(json::parse(raw_exchange(host.socket(), request(hotline::rpc_request_bytes_max))).contains("result"));
  const json refused = json::parse(raw_exchange(host.socket(), request(hotline::rpc_request_bytes_max + 1)));
  CHECK(refused["error"]["code"] == RpcError::invalid_request);
  CHECK(refused["error"]["message"] == "a request is one line of at most 1048576 bytes");
  CHECK(raw_exchange(host.socket(), std::string(4 * hotline::rpc_request_bytes_max, 'x')).size() > 0);
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("echo", json::object(), silence_s_max)) == json::object());
}

TEST_CASE("rpc: a client that goes away in the middle of a call disturbs nobody") {
  std::promise<RpcReply> called;
  RpcTestHost host([&called](RpcServer& server) {
    server.add("slow", [&called](const RpcCall&, const RpcReply& reply) { called.set_value(reply); });
    add_echo(server);
  });
  {
    RpcClient client = connect(host.socket());
    REQUIRE(std::holds_alternative<std::uint64_t>(client.send("slow", json::object())));
  }
  {
    const RpcReply reply = called.get_future().get();
    for (int event = 0; event < 100; ++event) reply.progress({{"n", event}});
    reply.result(std::string(1'000'000, 'x'));
  }
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("echo", {{"a", 1}}, silence_s_max)) == json{{"a", 1}});
}

TEST_CASE("rpc: a large answer arrives whole") {
  RpcTestHost host([](RpcServer& server) {
    server.add("large", [](const RpcCall& call, const RpcReply& reply) {
      reply.result(std::string(call.params.at("bytes").get<std::size_t>(), 'x'));
    });
  });
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("large", {{"bytes", 20'000'000}}, silence_s_max)).get<std::string>().size() ==
        20'000'000);
}

TEST_CASE("rpc: a client that does not read what it asked for is cut at the bound of its output") {
  RpcTestHost host(
      [](RpcServer& server) {
        server.add("large",
                   [](const RpcCall&, const RpcReply& reply) { reply.result(std::string(500'000, 'x')); });
        add_echo(server);
      },
      {.output_bytes_max = 2'000'000});
  RpcClient greedy = connect(host.socket());
  // More than the bound and what the socket itself holds; the host may cut it before the last.
  for (int request = 0; request < 20; ++request) (void)greedy.send("large", json::object());
  host.run_on_loop_until([](RpcServer& server) { return server.client_count() == 0; });
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("echo", json::object(), silence_s_max)) == json::object());
}

TEST_CASE("rpc: connections beyond the bound are told so") {
  RpcTestHost host(add_echo, {.clients_max = 2});
  RpcClient first = connect(host.socket());
  RpcClient second = connect(host.socket());
  CHECK(result(first.call("echo", json::object(), silence_s_max)) == json::object());
  CHECK(result(second.call("echo", json::object(), silence_s_max)) == json::object());
  RpcClient third = connect(host.socket());
  const RpcIncoming told = receive(third);
  CHECK(told.error.message == "there are 2 control connections already: close one and try again");
  CHECK(third.wait_closed(silence_s_max));
}

TEST_CASE("rpc: a method may close the server, after its answer") {
  RpcTestHost host([](RpcServer&) {});
  host.on_loop([&host](RpcServer& server) {
    server.add("shutdown", [&host](const RpcCall&, const RpcReply& reply) {
      reply.result(json::object());
      host.close_server();
    });
  });
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("shutdown", json::object(), silence_s_max)) == json::object());
  CHECK(client.wait_closed(silence_s_max));
  host.join();
  CHECK(::access(host.socket().c_str(), F_OK) != 0);
}

TEST_CASE("rpc: an answer after the server has closed is dropped") {
  std::unique_ptr<RpcReply> kept;
  {
    std::promise<void> called;
    RpcTestHost host([&](RpcServer& server) {
      server.add("slow", [&](const RpcCall&, const RpcReply& reply) {
        kept = std::make_unique<RpcReply>(reply);
        called.set_value();
      });
    });
    RpcClient client = connect(host.socket());
    REQUIRE(std::holds_alternative<std::uint64_t>(client.send("slow", json::object())));
    called.get_future().wait();
  }
  kept->progress({{"step", 1}});
  kept->result("late");
  kept.reset();
}

TEST_CASE("rpc: a socket that was left behind is replaced, one that answers is not") {
  RpcTestHost host(add_echo);
  uv_loop_t loop;
  REQUIRE(uv_loop_init(&loop) == 0);
  const auto second = RpcServer::open(&loop, host.socket());
  REQUIRE(!second);
  CHECK(second.error().message.starts_with("a host already answers at " + host.socket()));

  const std::string left_over = host.directory() + "/left.sock";
  {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    left_over.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
  }
  auto replaced = RpcServer::open(&loop, left_over);
  CHECK(replaced.has_value());
  if (replaced) replaced->reset();

  const std::string file = host.directory() + "/file";
  REQUIRE(::close(::creat(file.c_str(), 0600)) == 0);
  const auto refused = RpcServer::open(&loop, file);
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "cannot make the control socket " + file + ": something else is there; move it away");
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}

TEST_CASE(
    "rpc: a socket that was given away is answered by whoever has it, and clients that are there stay") {
  RpcTestHost host(add_echo);
  RpcClient before = connect(host.socket());
  CHECK(result(before.call("echo", {{"n", 1}}, silence_s_max))["n"] == 1);
  int given = -1;
  host.on_loop([&](RpcServer& server) { given = server.give_socket(); });
  REQUIRE(given >= 0);
  CHECK(result(before.call("echo", {{"n", 2}}, silence_s_max))["n"] == 2);
  // Waits in the kernel; the answer comes once somebody listens again.
  RpcClient during = connect(host.socket());
  host.on_loop([&](RpcServer& server) { REQUIRE(server.take_socket(given, host.socket())); });
  CHECK(result(during.call("echo", {{"n", 3}}, silence_s_max))["n"] == 3);
  host.on_loop([&](RpcServer& server) { ::close(server.give_socket()); });
  host.on_loop([&](RpcServer&) { host.close_server(); });
  host.join();
  CHECK(std::filesystem::exists(host.socket()));  // Of whoever it was given to.
}

TEST_CASE("rpc: a socket path longer than the kernel takes works all the same") {
  RpcTestHost host(add_echo, {}, std::string(150, 'd'));
  REQUIRE(host.socket().size() > 150);
  RpcClient client = connect(host.socket());
  CHECK(result(client.call("echo", json::object(), silence_s_max)) == json::object());
}
