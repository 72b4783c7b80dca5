// FileTransfers: bodies of requests on their way to disk, and files on their way to peers, on one shard.
//
//     receive   open -> (body of the held request in parts: one write at a time, the connection held while
//               more waits than a quarter of a mebibyte) -> sync, rename -> its module is told, and answers
//     send      open and read -> head and bytes -> (the connection took them) -> read -> …
//
// Whatever waits for the disk runs on the file pool, one step of a transfer at a time, and comes back through
// the inbox; the shard never waits. A transfer whose connection goes ends with its step under way.
//
// Each takes a place, of which there are so many, and so many for one peer: who finds none is turned away
// before anything is read, and its module told that the request has gone.
//
// Threads: the shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/fair_places.h"
#include "dispatch/work_owner.h"
#include "net/http_message.h"
#include "state/file_store.h"

namespace hotline {

class Shard;

// Whose file it is, and who is told what became of it.
struct FileOwner : WorkOwner {
  std::string module_name;
};

class FileTransfers {
 public:
  static constexpr std::size_t uploads_max = 512;      // At once, on one shard.
  static constexpr std::size_t downloads_max = 1'024;  // The same.

  explicit FileTransfers(Shard& shard) : shard_(shard) {}

  struct Incoming {
    std::uint64_t request = 0;
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    FileOwner owner;
  };
  struct Outgoing {
    std::uint64_t request = 0;
    HttpResponse response;
    std::string module_name, name;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  // Whichever shard the request is on.
  void receive(Incoming incoming);
  void send(Outgoing outgoing);

  // Of a request: some of its body; all of it; its connection took what it was given; it is over.
  void part(std::uint64_t request, std::string bytes);
  void end(std::uint64_t request);
  void flushed(std::uint64_t request);
  void drop(std::uint64_t request);

 private:
  struct Upload {
    Incoming wanted;
    std::string taker;                   // Of its place.
    std::shared_ptr<IncomingFile> file;  // Not once its last step has begun.
    std::string waiting;                 // What came meanwhile.
    bool is_busy = false;                // A step is under way.
    bool is_ended = false;               // All of the body has come.
    bool is_dropped = false;
    std::uint64_t bytes = 0;  // On their way, since the deadline was last moved.
  };
  struct Download {
    Outgoing wanted;
    std::string taker;  // Of its place.
    std::shared_ptr<OutgoingFile> file;
    bool is_busy = false;
    bool is_dropped = false;
  };
  // Runs `step` on the pool, then what it returns here.
  bool run(std::function<std::function<void()>()> step);

  void opened(std::uint64_t request, FileStore::Found& found);
  void go_on(std::uint64_t request, Upload& upload);
  void appended(std::uint64_t request, const Result<void>& done);
  void finish(std::uint64_t request, Upload& upload);
  void conclude(std::uint64_t request, std::int32_t status, std::string text);

  // `then` on the pool, once it is closed; at once where there is none.
  void let_go(std::shared_ptr<void> file, const std::function<void()>& then);
  void forget(std::unordered_map<std::uint64_t, Download>::iterator download);

  void read_next(std::uint64_t request, Download& download);
  void was_read(std::uint64_t request, const std::shared_ptr<OutgoingFile>& file, const std::string& bytes);

  Shard& shard_;
  FairPlaces upload_places_{uploads_max}, download_places_{downloads_max};
  std::unordered_map<std::uint64_t, Upload> uploads_;
  std::unordered_map<std::uint64_t, Download> downloads_;
};

}  // namespace hotline
