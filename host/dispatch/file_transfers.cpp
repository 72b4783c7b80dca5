#include "dispatch/file_transfers.h"

#include <algorithm>
#include <utility>

#include "dispatch/shard.h"

namespace hotline {

namespace {

constexpr std::size_t waiting_bytes_max = 256u << 10;  // Of one upload, beyond the write under way.
constexpr std::size_t read_bytes = 128u << 10;         // Of one download, at a time ...
constexpr std::size_t ahead_bytes = 128u << 10;        // ... while no more than this waits for its peer.
constexpr std::uint64_t progress_bytes = 64u << 10;    // So much has to come within http.body_seconds.

Post call_post(std::function<void()> call) {
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = std::move(call);
  return post;
}

}  // namespace

bool FileTransfers::run(std::function<std::function<void()>()> step) {
  return shard_.world.file_pool->submit(
      [&shard = shard_, step = std::move(step)] { shard.inbox().push_one(call_post(step())); });
}

// ---- to disk

void FileTransfers::receive(Incoming incoming) {
  const std::uint32_t its_shard = HttpRequests::shard_of(incoming.request);
  if (its_shard != shard_.number && its_shard < shard_.world.shards)
    return shard_.post_to(its_shard, call_post([&there = *shard_.world.all[its_shard],
                                                incoming = std::move(incoming)]() mutable {
                            there.files.receive(std::move(incoming));
                          }));
  const std::uint64_t request = incoming.request;
  if (!shard_.requests.is_waiting(request) || uploads_.contains(request))
    return incoming.owner.tell(shard_.world, HL_E_GONE, "0");
  PlaceTaker taker = shard_.requests.taker_of(request);
  if (const FairPlaces::Outcome place = upload_places_.take(taker); place != FairPlaces::Outcome::taken) {
    shard_.requests.turn_away(request, place);
    return incoming.owner.tell(shard_.world, HL_E_GONE, "0");
  }
  Upload& upload = uploads_[request];
  upload.taker = std::move(taker.name);
  upload.wanted = std::move(incoming);
  upload.is_busy = true;
  const Incoming& its = upload.wanted;
  const bool is_taken = run([this, request, store = shard_.world.files, module = its.owner.module_name,
                             name = its.name, offset = its.offset, size = its.size] {
    auto found = std::make_shared<FileStore::Found>(store->receive(module, name, offset, size));
    return std::function<void()>([this, request, found] { opened(request, *found); });
  });
  if (!is_taken) conclude(request, HL_E_FULL, "too much waits for the disk");
}

void FileTransfers::opened(std::uint64_t request, FileStore::Found& found) {
  Upload& upload = uploads_.at(request);
  upload.is_busy = false;
  switch (found.kind) {
    case FileStore::Found::Kind::busy: return conclude(request, HL_E_EXISTS, {});
    case FileStore::Found::Kind::failed: return conclude(request, HL_E_FULL, std::move(found.why));
    case FileStore::Found::Kind::elsewhere:
      return conclude(request, HL_E_INVALID, std::to_string(found.bytes));
    case FileStore::Found::Kind::ready: break;
  }
  upload.file = std::move(found.file);
  const std::uint64_t bytes = upload.file->bytes();
  if (upload.is_dropped) return conclude(request, HL_E_GONE, std::to_string(bytes));
  // All of it is there: what the peer sends besides is not read.
  if (bytes == upload.wanted.size) return finish(request, upload);
  if (!shard_.requests.begin_body(request, upload.wanted.size - bytes))
    conclude(request, HL_E_INVALID, std::to_string(bytes));
}

void FileTransfers::part(std::uint64_t request, std::string bytes) {
  const auto found = uploads_.find(request);
  if (found == uploads_.end()) return;
  Upload& upload = found->second;
  upload.bytes += bytes.size();
  if (upload.bytes >= progress_bytes) {
    upload.bytes = 0;
    shard_.requests.await_body(request);
  }
  if (upload.waiting.empty()) {
    upload.waiting = std::move(bytes);
  } else {
    upload.waiting.append(bytes);
  }
  if (upload.waiting.size() >= waiting_bytes_max) shard_.requests.hold(request);
  go_on(request, upload);
}

void FileTransfers::end(std::uint64_t request) {
  const auto found = uploads_.find(request);
  if (found == uploads_.end()) return;
  found->second.is_ended = true;
  go_on(request, found->second);
}

void FileTransfers::go_on(std::uint64_t request, Upload& upload) {
  if (upload.is_busy) return;
  if (upload.is_dropped) return conclude(request, HL_E_GONE, std::to_string(upload.file->bytes()));
  if (upload.waiting.empty()) {
    if (upload.is_ended) finish(request, upload);
    return;
  }
  upload.is_busy = true;
  auto bytes = std::make_shared<std::string>(std::exchange(upload.waiting, {}));
  const bool is_taken = run([this, request, bytes, file = upload.file]() mutable {
    auto done = std::make_shared<Result<void>>(file->append(*bytes));
    file.reset();
    return std::function<void()>([this, request, done] { appended(request, *done); });
  });
  if (!is_taken) conclude(request, HL_E_FULL, "too much waits for the disk");
}

void FileTransfers::appended(std::uint64_t request, const Result<void>& done) {
  const auto found = uploads_.find(request);
  if (found == uploads_.end()) return;
  Upload& upload = found->second;
  upload.is_busy = false;
  if (!done && !upload.is_dropped) return conclude(request, HL_E_FULL, done.error().message);
  if (!upload.is_ended && !upload.is_dropped) shard_.requests.release(request);
  go_on(request, upload);
}

void FileTransfers::finish(std::uint64_t request, Upload& upload) {
  upload.is_busy = true;
  const bool is_taken =
      run([this, request, file = std::exchange(upload.file, nullptr), size = upload.wanted.size]() mutable {
        auto done = std::make_shared<Result<std::string>>(file->finish());
        file.reset();  // From here on another may have it.
        return std::function<void()>([this, request, done, size] {
          if (!*done) return conclude(request, HL_E_FULL, done->error().message);
          conclude(request, HL_OK, std::to_string(size) + " " + **done);
        });
      });
  if (!is_taken) conclude(request, HL_E_FULL, "too much waits for the disk");
}

void FileTransfers::conclude(std::uint64_t request, std::int32_t status, std::string text) {
  const auto found = uploads_.find(request);
  if (found == uploads_.end()) return;
  const FileOwner owner = std::move(found->second.wanted.owner);
  std::shared_ptr<IncomingFile> file = std::move(found->second.file);
  upload_places_.give_back(found->second.taker);
  uploads_.erase(found);
  // Closed before its module is told: the next request may then have it.
  let_go(std::move(file),
         [&world = shard_.world, owner, status, text = std::move(text)] { owner.tell(world, status, text); });
}

// Closing may wait for the disk, too.
void FileTransfers::let_go(std::shared_ptr<void> file, const std::function<void()>& then) {
  if (file == nullptr) return then();
  auto held = std::make_shared<std::shared_ptr<void>>(std::move(file));
  const auto close = [held, then] {
    held->reset();
    then();
  };
  if (!shard_.world.file_pool->submit(close)) close();
}

void FileTransfers::drop(std::uint64_t request) {
  if (const auto found = uploads_.find(request); found != uploads_.end()) {
    Upload& upload = found->second;
    upload.is_dropped = true;
    go_on(request, upload);
  }
  if (const auto found = downloads_.find(request); found != downloads_.end()) {
    if (found->second.is_busy) {
      found->second.is_dropped = true;
    } else {
      forget(found);
    }
  }
}

void FileTransfers::forget(std::unordered_map<std::uint64_t, Download>::iterator download) {
  std::shared_ptr<OutgoingFile> file = std::move(download->second.file);
  download_places_.give_back(download->second.taker);
  downloads_.erase(download);
  let_go(std::move(file), [] {});
}

// ---- from disk

void FileTransfers::send(Outgoing outgoing) {
  const std::uint32_t its_shard = HttpRequests::shard_of(outgoing.request);
  if (its_shard != shard_.number && its_shard < shard_.world.shards)
    return shard_.post_to(its_shard, call_post([&there = *shard_.world.all[its_shard],
                                                outgoing = std::move(outgoing)]() mutable {
                            there.files.send(std::move(outgoing));
                          }));
  const std::uint64_t request = outgoing.request;
  if (!shard_.requests.is_waiting(request) || downloads_.contains(request)) return;
  PlaceTaker taker = shard_.requests.taker_of(request);
  if (const FairPlaces::Outcome place = download_places_.take(taker); place != FairPlaces::Outcome::taken)
    return shard_.requests.turn_away(request, place);
  Download& download = downloads_[request];
  download.taker = std::move(taker.name);
  download.wanted = std::move(outgoing);
  read_next(request, download);
}

void FileTransfers::read_next(std::uint64_t request, Download& download) {
  download.is_busy = true;
  const Outgoing& its = download.wanted;
  const std::size_t bytes = std::min<std::uint64_t>(its.length, read_bytes);
  const bool is_taken = run([this, request, store = shard_.world.files, file = download.file,
                             module = its.module_name, name = its.name, offset = its.offset,
                             bytes]() mutable {
    if (file == nullptr) file = store->read(module, name);
    auto read = std::make_shared<std::string>(file == nullptr ? std::string() : file->read(offset, bytes));
    if (read->size() < bytes) file = nullptr;  // It is not what it was.
    return std::function<void()>([this, request, file, read] { was_read(request, file, *read); });
  });
  if (is_taken) return;
  const bool has_begun = download.file != nullptr;
  forget(downloads_.find(request));
  if (has_begun) return shard_.requests.abandon(request);
  shard_.requests.respond(request, http_problem(503, "Too much waits for the disk; try again."));
}

void FileTransfers::was_read(std::uint64_t request, const std::shared_ptr<OutgoingFile>& file,
                             const std::string& bytes) {
  const auto found = downloads_.find(request);
  if (found == downloads_.end()) return;
  Download& download = found->second;
  download.is_busy = false;
  const bool is_first = download.file == nullptr;
  if (download.is_dropped || file == nullptr) {
    const bool is_dropped = download.is_dropped;
    forget(found);
    if (is_dropped) return;
    if (!is_first) return shard_.requests.abandon(request);
    return shard_.requests.respond(request, http_problem(404, "There is nothing here."));
  }
  download.file = file;
  if (is_first) {
    download.wanted.response.length = download.wanted.length;
    // Of a HEAD there is no more to say.
    if (!shard_.requests.begin_answer(request, download.wanted.response)) download.wanted.length = 0;
  }
  if (download.wanted.length > 0) {
    download.wanted.offset += bytes.size();
    download.wanted.length -= bytes.size();
    shard_.requests.write_body(request, bytes);
  }
  if (download.wanted.length > 0) return;  // flushed() goes on.
  forget(found);
  shard_.requests.end_answer(request);
}

void FileTransfers::flushed(std::uint64_t request) {
  const auto found = downloads_.find(request);
  if (found == downloads_.end() || found->second.is_busy || found->second.wanted.length == 0) return;
  if (shard_.requests.waiting_bytes(request) > ahead_bytes) return;
  read_next(request, found->second);
}

}  // namespace hotline
