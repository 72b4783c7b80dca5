// HTTP/1.1 as it comes in: what is a request, what is refused and with what, in any pieces
// (net/http_reader.h).
#include "net/http_framer.h"

#include <doctest/doctest.h>

#include "framer_fixture.h"

using namespace hotline;
using namespace hotline::test;

namespace {

std::vector<std::string> read(std::string_view bytes, std::size_t chunk = 0) {
  Wire wire;
  const auto framer = wire.framer(FramerKind::http);
  return events_of(*framer, bytes, chunk);
}

// The status with which it is refused; "" when it is not.
std::string status(std::string_view bytes) {
  std::string whole;
  for (const std::size_t chunk : {0, 1, 7}) {
    const auto events = read(bytes, chunk);
    const std::string last = events.empty() ? "" : events.back();
    const std::string found = last.starts_with("refused HTTP/1.1 ") ? last.substr(17, 3) : "";
    if (chunk == 0) whole = found;
    CHECK(found == whole);
  }
  return whole;
}

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields, std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("http: a request is its head and its body, in any pieces") {
  const std::string bytes = get("/a/b?c=%20d", "Accept:  */* \r\nX-Empty:\r\n") +
                            post("Content-Length: 5\r\nConnection: close\r\n", "hello");
  const std::vector<std::string> whole = {
      "head GET /a/b?c=%20d of localhost|host=localhost|accept=*/*|x-empty=", "body ",
      "head POST / of localhost|host=localhost|content-length=5|connection=close close body", "body hello"};
  for (const std::size_t chunk : {0, 1, 2, 3, 5, 64}) CHECK(read(bytes, chunk) == whole);
}

TEST_CASE("http: a body may come in chunks, and what follows is the next request") {
  const std::string bytes =
      post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n00006\r\n there\r\n0\r\n\r\n") + get("/next");
  for (const std::size_t chunk : {0, 1, 2, 3, 5, 64}) {
    const auto events = read(bytes, chunk);
    REQUIRE(events.size() == 4);
    CHECK(events[1] == "body hello there");
    CHECK(events[2] == "head GET /next of localhost|host=localhost");
  }
  const std::string empty = post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + get("/next");
  for (const std::size_t chunk : {0, 1, 2, 3, 4, 5}) {
    const auto events = read(empty, chunk);
    REQUIRE(events.size() == 4);
    CHECK(events[1] == "body ");
  }
  const std::string all(70'000, 'x');
  CHECK(status(post("Transfer-Encoding: chunked\r\n", "11170\r\n" + all)) == "413");
}

TEST_CASE("http: what two programs could read differently is refused") {
  // Where a body ends.
  CHECK(status(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")) == "400");
  CHECK(status(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")) == "400");
  CHECK(status(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length: 5, 5\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length: +5\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length: 0x5\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length:\r\n", "hello")) == "400");
  CHECK(status(post("Content-Length: 99999999999999999999\r\n", "hello")) == "400");
  CHECK(status(post("Transfer-Encoding: gzip, chunked\r\n", "")) == "501");
  CHECK(status(post("Transfer-Encoding: xchunked\r\n", "")) == "501");
  CHECK(status(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "")) == "400");
  CHECK(status(post("Transfer-Encoding : chunked\r\n", "")) == "400");
  // Where a line ends.
  CHECK(status("GET / HTTP/1.1\nHost: localhost\n\n") == "400");
  CHECK(status(get("/", "X: a\nY: b\r\n")) == "400");
  CHECK(status(get("/", "X: a\rY: b\r\n")) == "400");
  CHECK(status(get("/", "X: a\r\n b\r\n")) == "400");
  CHECK(status(get("/", "X: a\r\n\tb\r\n")) == "400");
  CHECK(status(get("/", std::string("X: a\0b\r\n", 8))) == "400");
  CHECK(status(get("/", " X: a\r\n")) == "400");
  CHECK(status(get("/", "no colon\r\n")) == "400");
  CHECK(status("\r\n" + get("/")) == "400");
  // Chunks.
  const auto chunks = [](std::string_view body) {
    return status(post("Transfer-Encoding: chunked\r\n", body));
  };
  CHECK(chunks("5;x=y\r\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("5 \r\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("5\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("5\r\nhelloX\r\n0\r\n\r\n") == "400");
  CHECK(chunks("-5\r\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("0x5\r\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("ffffffffffffffffffff\r\n") == "400");
  CHECK(chunks(std::string(100, '0') + "5\r\nhello\r\n0\r\n\r\n") == "400");
  CHECK(chunks("5\r\nhello\r\n0\r\nContent-Length: 1\r\n\r\n") == "400");
  CHECK(chunks("5\r\nhello\r\n0\r\nX: y\r\n\r\n") == "400");
}

TEST_CASE("http: a host is needed, once, and is a name or an address") {
  CHECK(status("GET / HTTP/1.1\r\n\r\n") == "400");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == "400");
  for (const char* host : {"", "a b", "a/b", "a@b", "a:b", "a:123456", "[::1", "[]", "a'b"}) {
    CAPTURE(std::string(host));
    CHECK(status("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == "400");
  }
  CHECK(
      read("GET / HTTP/1.1\r\nHost: EXAMPLE.org:8443\r\n\r\n")[0].starts_with("head GET / of example.org|"));
  CHECK(read("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")[0].starts_with("head GET / of [::1]|"));
}

TEST_CASE("http: a target is a plain path") {
  for (const char* target :
       {"a", "*", "http://localhost/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/%2e%2E/b", "/a%2fb",
        "/a%5cb", "/a%00b", "/a%4", "/a%zz", "/a\\b", "/a<b", "/a\"b"}) {
    CAPTURE(std::string(target));
    CHECK(status(get(target)) == "400");
  }
  for (const char* target : {"/", "/a", "/a/", "/a.b/..c", "/%20", "/?", "/?a=/../b?"}) {
    CAPTURE(std::string(target));
    CHECK(status(get(target)) == "");
  }
}

TEST_CASE("http: each bound is kept while it is read") {
  CHECK(status(get("/" + std::string(2'100, 'x'))) == "414");
  CHECK(status(get("/", "X: " + std::string(8'200, 'x'))) == "431");
  std::string fields;
  for (int i = 0; i < 70; ++i) fields += "X: y\r\n";
  CHECK(status(get("/", fields)) == "431");
  CHECK(status(post("Content-Length: 65537\r\n", "")) == "413");
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(9'000, 'x')) == "431");
}

TEST_CASE("http: other versions and protocols are told so") {
  CHECK(status("GET / HTTP/1.0\r\nHost: a\r\n\r\n") == "505");
  CHECK(status("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == "505");
  CHECK(status("\x16\x03\x01") == "400");
  CHECK(status("<stream:stream>") == "400");
  CHECK(status("get / HTTP/1.1\r\n\r\n") == "400");
  CHECK(status(post("Expect: a-miracle\r\n", "")) == "417");
}

TEST_CASE("http: a response says how long it is, and what keeps it from being more than it is") {
  std::string out;
  append_http_response(out, {200, {{"Content-Type", "application/json"}}, "{}"}, HttpEnd::keep_alive, false,
                       http_date(784'111'777'000));
  CHECK(out ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Content-Type-Options: "
        "nosniff\r\nCache-Control: "
        "no-store\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n"
        "Referrer-Policy: no-referrer\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n{}");
  out.clear();
  append_http_response(out, {200, {{"cache-control", "max-age=1"}}, "{}"}, HttpEnd::close, true, {});
  CHECK(out.find("no-store") == std::string::npos);
  CHECK(out.ends_with("Content-Length: 2\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(is_http_field("X", "a\r\nSet-Cookie: b"));
  CHECK_FALSE(is_http_field("X:", "a"));
  CHECK_FALSE(is_http_field("", "a"));
  CHECK(is_http_field("X-y", "a b\t"));
}

TEST_CASE("http: a connection that ends says why where a request is under way, and is silent where none is") {
  Wire wire;
  const auto framer = wire.framer(FramerKind::http);
  std::string out;
  framer->write_close("connection-timeout", "too slow", false, out);
  CHECK(out.empty());
  std::string_view part = "GET / HT";
  static_cast<void>(framer->next(part));
  framer->write_close("connection-timeout", "too slow", false, out);
  CHECK(out.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(out.ends_with("\r\n\r\ntoo slow\n"));
}
