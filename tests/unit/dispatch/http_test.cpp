// HTTP requests in a whole host: to the module that claims them and back, from wherever it answers.
#include <doctest/doctest.h>

#include "outbox/relay.h"
#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

std::string request(std::string_view method, std::string_view path, std::string_view body = "",
                    std::string_view fields = "") {
  std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
                     std::string(fields);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

struct Answered {
  sim::SimWorld world{{.seed = 1,
                       .shards = 3,
                       .accounts = {},
                       .modules = {HOTLINE_OBEDIENT_DIR "/answers-1.0.0.so"},
                       .limits = {},
                       .listener = {.name = "http", .framer = FramerKind::http, .needs_tls = false}}};
  std::shared_ptr<sim::Wire> wire = world.connect(0);

  // What comes back for it, on the one connection.
  std::string say(const std::string& bytes) {
    wire->to_client.clear();
    wire->to_host += bytes;
    world.deliver(*wire, std::string::npos);
    world.settle();
    return wire->to_client;
  }
  void wait_ms(std::uint64_t ms) {
    world.clock.advance_us(ms * 1'000);
    world.settle();
    world.store.commit_all();
    world.settle();
  }
  std::string status(const std::string& bytes) { return say(bytes).substr(9, 3); }
};

TEST_CASE_FIXTURE(Answered, "http: a request goes to the module that claims it, and its answer comes back") {
  const std::string got = say(request("GET", "/echo/deep?a=b", "", "X-More: c\r\n"));
  CHECK(got.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"));
  CHECK(got.find("\r\nDate: ") != std::string::npos);
  CHECK(got.ends_with("\r\n\r\n/echo/deep a=b 127.0.0.1 c"));
  CHECK(say(request("POST", "/echo", "hello")).ends_with("\r\n\r\nhello"));
  CHECK(say(request("HEAD", "/echo")).ends_with("Content-Length: 18\r\n\r\n"));
}

TEST_CASE_FIXTURE(Answered, "http: what nobody claims is 404, another method 405, another host 421") {
  CHECK(status(request("GET", "/echoes")) == "404");
  CHECK(status(request("GET", "/")) == "404");
  const std::string other = say(request("PUT", "/echo"));
  CHECK(other.starts_with("HTTP/1.1 405 "));
  CHECK(other.find("\r\nAllow: GET, POST\r\n") != std::string::npos);
  CHECK(status("GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n") == "421");
  CHECK(status("GET /echo HTTP/1.1\r\nHost: upload.localhost\r\n\r\n") == "200");
  CHECK(status("GET /echo HTTP/1.1\r\nHost: notlocalhost\r\n\r\n") == "421");
  CHECK(status(request("GET", "/not-mine")) == "404");
  CHECK(wire->events != nullptr);  // All of that on one connection.
  // A body that nobody wants is not read: the connection ends.
  CHECK(status(request("POST", "/nowhere", "hello")) == "404");
  CHECK(wire->events == nullptr);
}

TEST_CASE_FIXTURE(Answered,
                  "http: a request that is answered at another shard's home is answered once it is safe") {
  const std::string account = [this] {  // Of another shard than the connection's.
    for (int i = 0;; ++i)
      if (const std::string name = "a" + std::to_string(i) + "@localhost";
          world.host().world().home_of(name) == 1)
        return name;
  }();
  CHECK(say(request("POST", "/later", account)).empty());
  // What is sent ahead waits.
  CHECK(say(request("GET", "/echo")).empty());
  wait_ms(100);
  CHECK(wire->to_client.starts_with("HTTP/1.1 201 Created\r\n"));
  CHECK(wire->to_client.find("\r\n\r\nlater"
                             "HTTP/1.1 200 OK\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Answered,
                  "http: a module that fails is 500, one that never answers 504, and the host goes on") {
  CHECK(status(request("GET", "/fails")) == "500");
  CHECK(status(request("GET", "/echo")) == "200");
  CHECK(say(request("GET", "/never")).empty());
  wait_ms(30'001);
  CHECK(wire->to_client.starts_with("HTTP/1.1 504 "));
  CHECK(wire->events == nullptr);
}

TEST_CASE_FIXTURE(Answered, "http: a slow peer is cut off, in its head, in its body, and between requests") {
  say("GET /ec");
  wait_ms(10'001);
  CHECK(wire->to_client.starts_with("HTTP/1.1 408 "));
  wire = world.connect(0);
  say("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe");
  wait_ms(29'000);
  CHECK(wire->events != nullptr);
  wait_ms(1'001);
  CHECK(wire->to_client.starts_with("HTTP/1.1 408 "));
  wire = world.connect(0);
  CHECK(status(request("GET", "/echo")) == "200");
  wire->to_client.clear();
  wait_ms(60'001);
  CHECK(wire->to_client.empty());
  CHECK(wire->events == nullptr);
  wire = world.connect(0);  // One that says nothing at all.
  wait_ms(10'001);
  CHECK(wire->events == nullptr);
}

TEST_CASE_FIXTURE(Answered, "http: a peer that asks may wait for 100, and one that says close is let go") {
  CHECK(say("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n") ==
        "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(say("hello").ends_with("\r\n\r\nhello"));
  CHECK(say(request("GET", "/echo", "", "Connection: close\r\n")).find("\r\nConnection: close\r\n") !=
        std::string::npos);
  CHECK(wire->events == nullptr);
}

TEST_CASE_FIXTURE(Answered, "http: an answer that comes after its connection has gone misses") {
  say(request("GET", "/never"));
  world.cut(*wire, true);
  world.settle();
  wait_ms(30'001);
  wire = world.connect(0);
  CHECK(status(request("GET", "/echo")) == "200");
}

constexpr const char* file_path = "/file/abcd000000000001";

std::string put(std::string_view query, std::string_view body, std::size_t length) {
  return "PUT " + std::string(file_path) + "?" + std::string(query) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
         std::string(body);
}

TEST_CASE_FIXTURE(Answered,
                  "http: a body goes into a file, an answer comes out of it, and the connection goes on") {
  CHECK(say(put("0-5", "hello", 5)).find("HTTP/1.1 201 ") == 0);
  CHECK(wire->to_client.find("5 2cf24dba5fb0a30e") != std::string::npos);
  const std::string part = say(request("GET", file_path));
  CHECK(part.starts_with("HTTP/1.1 206 Partial Content\r\n"));
  CHECK(part.find("\r\nContent-Length: 3\r\n") != std::string::npos);
  CHECK(part.ends_with("\r\n\r\nllo"));
  const std::string head = say(request("HEAD", file_path));
  CHECK(head.find("\r\nContent-Length: 3\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(status(request("GET", "/file/abcd00000000000f")) == "404");
  CHECK(status(request("GET", "/echo")) == "200");
  // A last part that has the connection held is the last all the same.
  const std::string long_body(300'000, 'x');
  CHECK(say(put("0-300000", long_body, long_body.size())).find("HTTP/1.1 201 ") == 0);
  // What is sent ahead is the next request's.
  const std::string both = say(put("0-5", "HELLO" + request("GET", "/echo"), 5));
  CHECK(both.find("HTTP/1.1 200 OK") > both.find("HTTP/1.1 201 "));
}

TEST_CASE_FIXTURE(Answered, "http: a body that is cut off stays as far as it came, and is gone on with") {
  CHECK(say(put("0-10", "hello", 10)).empty());
  world.cut(*wire, true);
  world.settle();
  wire = world.connect(0);
  CHECK(say(put("7-10", "xyz", 3)).ends_with("\r\n\r\n5"));  // That is not where it ends.
  CHECK(wire->events == nullptr);                            // What would follow is a body that nobody reads.
  wire = world.connect(1);
  CHECK(say(put("5-10", "world", 5)).find("10 936a185caaa266bb") != std::string::npos);
}

TEST_CASE_FIXTURE(Answered, "http: a body for a file may be long, has a length, and has to keep coming") {
  const std::string large(3'000'000, 'x');
  say(put("0-3000000", "", large.size()));
  for (std::size_t at = 0; at < large.size(); at += 60'000) {
    wait_ms(10'000);
    say(large.substr(at, 60'000));
  }
  CHECK(wire->to_client.starts_with("HTTP/1.1 201 "));
  CHECK(status("PUT /file/abcd000000000002?0-5 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
               "chunked\r\n\r\n") == "411");
  wire = world.connect(0);
  say(put("0-5", "he", 5));
  wait_ms(30'001);
  CHECK(wire->to_client.starts_with("HTTP/1.1 408 "));
}

// Transfers that go on for as long as their peers like, at one shard.
struct Shared : Answered {
  static constexpr std::size_t share = FileTransfers::uploads_max / 8;
  std::vector<std::shared_ptr<sim::Wire>> wires;

  std::string status_of(const sim::Wire& its) const { return its.to_client.substr(0, 12).substr(9); }
  std::shared_ptr<sim::Wire> ask(const std::string& from, const std::string& bytes) {
    const std::shared_ptr<sim::Wire> its = wires.emplace_back(world.connect(0, from));
    its->to_host = bytes;
    world.deliver(*its, std::string::npos);
    world.settle();
    return its;
  }
  // Of which half has come; another name each time.
  std::shared_ptr<sim::Wire> begin_upload(const std::string& from, std::string_view fields = "") {
    const std::string name = "abcd" + std::to_string(100'000'000'000 + wires.size());
    return ask(from, "PUT /file/" + name + "?0-5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n" +
                         std::string(fields) + "\r\nhe");
  }
  void begin_uploads(const std::string& from, std::size_t count, std::string_view fields = "") {
    for (std::size_t i = 0; i < count; ++i) CHECK(begin_upload(from, fields)->to_client.empty());
  }
  void is_put(sim::Wire& upload) {
    upload.to_host = "llo";
    world.deliver(upload, std::string::npos);
    world.settle();
    CHECK(upload.to_client.starts_with("HTTP/1.1 201 "));
  }
  bool is_turned_away(const sim::Wire& its) const {
    return its.to_client.starts_with("HTTP/1.1 429 ") &&
           its.to_client.find("\r\nRetry-After: 10\r\n") != std::string::npos;
  }
  std::uint64_t refused() { return world.host().shard(0).counters.refused_transfers.get(); }
};

TEST_CASE_FIXTURE(Shared, "http: one address gets an eighth of the places for uploads, an IPv6 /64 is one") {
  for (std::size_t i = 0; i < share; ++i)
    CHECK(begin_upload("2001:db8::" + std::to_string(i + 1))->to_client.empty());
  CHECK(is_turned_away(*begin_upload("2001:db8::ffff")));
  CHECK(refused() == 1);
  is_put(*begin_upload("2001:db8:0:1::1"));
  is_put(*begin_upload("192.0.2.1"));
  // A place that is left is free again, whether its upload came to its end or not.
  is_put(*wires[0]);
  world.cut(*wires[1], true);
  world.settle();
  begin_uploads("2001:db8::ffff", 2);
  CHECK(is_turned_away(*begin_upload("2001:db8::ffff")));
}

TEST_CASE_FIXTURE(Shared, "http: who is on this machine may be a proxy for everybody, up to all places") {
  begin_uploads("127.0.0.1", FileTransfers::uploads_max);
  const std::shared_ptr<sim::Wire> late = begin_upload("192.0.2.1");
  CHECK(late->to_client.starts_with("HTTP/1.1 503 "));
  CHECK(late->to_client.find("\r\nRetry-After: 10\r\n") != std::string::npos);
  is_put(*wires[0]);
  is_put(*begin_upload("192.0.2.1"));
}

TEST_CASE_FIXTURE(Shared, "http: one address gets an eighth of the places for downloads") {
  const std::size_t downloads = FileTransfers::downloads_max / 8;
  const std::string large(1'000'000, 'x');
  CHECK(say(put("0-1000000", large, large.size())).starts_with("HTTP/1.1 201 "));
  const std::string get = request("GET", std::string(file_path) + "?1000000");
  const auto begin = [&](const std::string& from) {
    const std::shared_ptr<sim::Wire> its = wires.emplace_back(world.connect(0, from));
    its->is_full = true;  // It takes nothing.
    its->to_host = get;
    world.deliver(*its, std::string::npos);
    world.settle();
    return its;
  };
  for (std::size_t i = 0; i < downloads; ++i) begin("192.0.2.1");
  CHECK(refused() == 0);
  CHECK(is_turned_away(*ask("192.0.2.1", get)));
  CHECK(ask("192.0.2.2", get)->to_client.size() > large.size());
  world.cut(*wires[0], true);
  world.settle();
  CHECK(ask("192.0.2.1", get)->to_client.size() > large.size());
}

TEST_CASE_FIXTURE(Shared, "http: what other nodes pass on is no address's, and gets half of the places") {
  constexpr std::string_view passed_on = "Hotline-Relayed: 1\r\n";
  SystemClock clock;
  Relay relay({{"two", "http://127.0.0.1:1"}}, clock);
  world.host().world().relay = &relay;
  begin_uploads("192.0.2.1", FileTransfers::uploads_max / 2, passed_on);
  CHECK(is_turned_away(*begin_upload("192.0.2.2", passed_on)));
  begin_uploads("192.0.2.1", share);  // Its own.
  CHECK(is_turned_away(*begin_upload("192.0.2.1")));
  world.host().world().relay = nullptr;
}

TEST_CASE_FIXTURE(Shared, "http: without other nodes a request that says it was passed on is its sender's") {
  begin_uploads("192.0.2.1", share, "Hotline-Relayed: 1\r\n");
  CHECK(is_turned_away(*begin_upload("192.0.2.1", "Hotline-Relayed: 1\r\n")));
}

}  // namespace
}  // namespace hotline::test
