// HttpRelays: requests of one shard that another node answers, and the bytes between both.
//
//     up      wants (the node takes some) -> the body of the held request in parts, the connection held while
//     more
//             waits than a quarter of a mebibyte -> wants -> …
//     down    head and bytes as they come -> (the connection took them) -> taken -> …
//
// The relay's thread (outbox/relay.h) comes back through the inbox; the shard never waits.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/http_message.h"
#include "outbox/relay.h"

namespace hotline {

class Shard;

class HttpRelays {
 public:
  explicit HttpRelays(Shard& shard) : shard_(shard) {}

  // Whichever shard the request is on.
  void begin(std::uint64_t request, RelayRequest wanted);

  bool is_passed_on(std::uint64_t request) const { return passed_.contains(request); }
  // Of a request: some of its body; all of it; its connection took what it was given; it is over.
  void part(std::uint64_t request, std::string_view bytes);
  void end(std::uint64_t request);
  void flushed(std::uint64_t request);
  void drop(std::uint64_t request);

 private:
  struct Passed {
    std::string node;
    std::uint64_t body_bytes = 0;
    std::string waiting;     // Of the body, while the node takes none.
    bool is_wanted = false;  // It takes some.
    bool has_body_begun = false;
    bool is_ended = false;      // All of the body has come.
    std::uint64_t bytes = 0;    // On their way, since the deadline was last moved.
    std::uint64_t written = 0;  // Of the answer, to a connection that has not taken it.
    bool has_answer = false;
    std::uint64_t left = 0;  // Of the answer.
  };
  RelayEvents events_of(std::uint64_t request);
  void wants(std::uint64_t request);
  void answered(std::uint64_t request, RelayAnswer answer);
  void came(std::uint64_t request, const std::string& bytes);
  void ended(std::uint64_t request, RelayEnd end);
  void go_on(std::uint64_t request, Passed& passed);
  void end_early(std::uint64_t request, const Passed& passed);
  void refuse(std::uint64_t request, unsigned status, const std::string& why);

  Shard& shard_;
  std::unordered_map<std::uint64_t, Passed> passed_;
};

}  // namespace hotline
