// HttpRequests: the HTTP requests under way on one shard, from their heads to their answers.
//
//     head      refused at once where nobody would answer it: no such host, path or method
//     body      given to the module whose route it is; its connection is held
//     answered  by the module, here or from another shard; or 504 when it took too long
//
// A request has a number of its own, so that an answer that comes too late can only miss. The seam for bodies
// that do not fit into memory is at the head: there a route may one day say where a body goes.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/slot_map.h"
#include "net/http_message.h"

namespace hotline {

class Shard;
struct Stream;

class HttpRequests {
 public:
  explicit HttpRequests(Shard& shard);

  // A connection of an HTTP listener: its first request is awaited.
  void begin(Stream& stream);
  void head(Stream& stream, std::unique_ptr<HttpRequest> request);
  void body(Stream& stream, std::string body);
  // Some of a request has come.
  void partial(Stream& stream);
  // Whichever shard the request is on; one that waits for no answer any more is passed over.
  void respond(std::uint64_t request, HttpResponse response);
  bool is_waiting(std::uint64_t request) const { return exchanges_.find(request) != nullptr; }
  // Its connection is gone.
  void drop(Stream& stream);

 private:
  struct Exchange {
    std::uint64_t stream = 0;
    bool keeps_alive = true;
    bool is_head = false;
  };

  bool is_here(const Stream& stream, std::string_view host) const;
  void refuse(Stream& stream, const HttpResponse& response);
  void write(Stream& stream, const HttpResponse& response, HttpEnd end, bool is_head);
  void await_answer(Stream& stream);

  Shard& shard_;
  SlotMap<Exchange> exchanges_;
};

// The fields of a response as one text, for an effect; and back.
std::string http_fields_text(const std::vector<HttpField>& fields);
std::vector<HttpField> http_fields_of(std::string_view text);

}  // namespace hotline
