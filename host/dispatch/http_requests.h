// HttpRequests: the HTTP requests under way on one shard, from their heads to their answers.
//
//     head      refused at once where nobody would answer it: no such host, path or method
//     body      given to the module whose route it is; its connection is held
//     answered  by the module, here or from another shard; or 504 when it took too long
//
// A request has a number of its own, so that an answer that comes too late can only miss. Where a route takes
// heads, its module is given the head while the body waits, and may have it go into a file; an answer's body
// may come from one (file_transfers.h has the steps, and uses what is at the end here); or another node
// answers (http_relays.h, likewise).
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fair_places.h"
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

  // The rest is for requests on this shard alone; one that waits no more is passed over.
  static std::uint32_t shard_of(std::uint64_t request);
  struct Facts {
    bool is_waiting = false, is_head = false;
    bool was_relayed = false;  // By another node.
    std::uint64_t body_bytes = 0;
  };
  Facts facts(std::uint64_t request) const;
  // Whose share of the places for transfers it is.
  PlaceTaker taker_of(std::uint64_t request);
  // There is no place for it, and it is answered so.
  void turn_away(std::uint64_t request, FairPlaces::Outcome why);
  // Has the body come that was held, in parts. False: it is not of that many bytes.
  bool begin_body(std::uint64_t request, std::uint64_t bytes);
  void await_body(std::uint64_t request);  // Some more of it has to come by its deadline.
  void part(Stream& stream, std::string bytes);
  void hold(std::uint64_t request);
  void release(std::uint64_t request);
  // Writes the head of an answer whose body follows by write_body. False: it was a HEAD.
  bool begin_answer(std::uint64_t request, const HttpResponse& response);
  void write_body(std::uint64_t request, std::string_view bytes);
  void end_answer(std::uint64_t request);
  void abandon(std::uint64_t request);               // What has been answered so far cannot be gone on with.
  std::size_t waiting_bytes(std::uint64_t request);  // That its peer has not taken yet.

 private:
  struct Exchange {
    std::uint64_t stream = 0;
    bool keeps_alive = true;
    bool is_head = false;
    bool is_unread = false;  // Its body waits: if it is answered so, nothing can follow on the connection.
    bool awaits_continue = false;
    bool was_relayed = false;
    std::uint64_t body_bytes = 0;
  };

  bool is_here(const Stream& stream, std::string_view host) const;
  void refuse(Stream& stream, const HttpResponse& response);
  void write(Stream& stream, const HttpResponse& response, HttpEnd end, bool is_head);
  void await_answer(Stream& stream);
  void ask(Stream& stream, std::string body, bool is_unread);
  Stream* stream_of(std::uint64_t request);
  void await_reader(Stream& stream);
  void end(Stream& stream, HttpEnd end);

  Shard& shard_;
  SlotMap<Exchange> exchanges_;
};

// The fields of a response as one text, for an effect; and back.
std::string http_fields_text(const std::vector<HttpField>& fields);
std::vector<HttpField> http_fields_of(std::string_view text);

}  // namespace hotline
