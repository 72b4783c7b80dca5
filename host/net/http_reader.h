// HttpReader: reads HTTP/1.1 requests (RFC 9112), one after the other, from bytes in any pieces.
//
// Boost.Beast cuts them up; whatever it would take and two programs could read differently is refused before
// or while it does (decision 30): bare CR or LF, folded lines, two lengths or a length with a coding, codings
// other than `chunked`, chunk extensions, trailers, a second Host. The head first, then the body, so that who
// reads can refuse a request before its body, or have that go elsewhere.
//
// An idle one holds no buffer. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/heap_size.h"
#include "net/http_message.h"

namespace hotline {

struct HttpLimits {
  std::uint32_t head_bytes_max = 8'192;  // Request line and fields.
  std::uint32_t fields_max = 64;
  std::uint32_t target_bytes_max = 2'048;
  std::uint32_t body_bytes_max = 65'536;
};

class HttpReader {
 public:
  enum class Found {
    need_more,  // All of `input` is consumed.
    head,       // head() has it. A body follows, of no bytes when the request has none.
    part,       // After stream_body(): take_part() has what came of the body.
    body,       // take_body() has all of it, or all parts were given; the next head follows.
    error,      // problem() says what is wrong; nothing more can be read.
  };

  explicit HttpReader(const HttpLimits& limits);
  ~HttpReader();
  HttpReader(HttpReader&&) noexcept;
  HttpReader& operator=(HttpReader&&) noexcept;

  // Consumes from the front of `input`.
  Found next(std::string_view& input);
  HttpRequest& head();
  std::string take_body();
  // Between a head with a length and its body: the body comes in parts, however long it is.
  void stream_body();
  std::string take_part();
  const HttpResponse& problem() const { return problem_; }
  // A request has begun and is not whole.
  bool has_partial() const { return !head_.empty() || message_ != nullptr; }
  void set_limits(const HttpLimits& limits) { limits_ = limits; }
  std::size_t held_bytes() const;  // Of what has come and is not whole.

 private:
  struct Message;

  Found read_head(std::string_view& input);
  Found parse_head();
  Found read_body(std::string_view& input);
  Found read_chunks(std::string_view& input);
  Found read_part(std::string_view& input);
  Found refuse(unsigned status, std::string_view why);

  HttpLimits limits_;
  std::string head_;                  // Unfinished.
  std::unique_ptr<Message> message_;  // From its head to the end of its body.
  HttpResponse problem_;
  bool has_failed_ = false;
};

}  // namespace hotline
