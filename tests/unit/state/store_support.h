// What the tests of the store share: a directory of their own, messages, and a look at what is stored.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "state/store.h"

namespace hotline::test {

// A directory that is gone with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "hotline-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return path_; }
  std::string file() const { return path_ + "/store/hotline.db"; }

 private:
  std::string path_;
};

inline StoredMessage message(std::uint64_t id, std::string_view body,
                             std::string account = "juliet@localhost") {
  return {id, std::move(account), 1'700'000'000'000 + id, id * 3, 5, "routing", Buffer::copy(body)};
}

inline StoreBatch batch(std::uint32_t shard, std::uint64_t number) {
  StoreBatch made;
  made.shard = shard;
  made.number = number;
  return made;
}

inline StoreBatch put(std::uint32_t shard, std::uint64_t number, const std::vector<std::uint64_t>& ids) {
  StoreBatch made = batch(shard, number);
  for (const std::uint64_t id : ids) made.put_messages.push_back(message(id, "body " + std::to_string(id)));
  return made;
}

inline StoreBatch drop(std::uint32_t shard, std::uint64_t number, std::vector<std::uint64_t> ids) {
  StoreBatch made = batch(shard, number);
  made.drop_messages = std::move(ids);
  return made;
}

struct Contents {
  std::vector<StoredMessage> messages;    // As load() gave them.
  std::map<std::string, StoredRow> rows;  // By "account/table/key".
  std::string error;

  std::vector<std::uint64_t> ids() const {
    std::vector<std::uint64_t> all;
    for (const StoredMessage& each : messages) all.push_back(each.id);
    return all;
  }
};

template <typename Source>  // Store or StoreFile.
Contents contents_of(Source& source) {
  Contents contents;
  const auto loaded = source.load(
      [&](StoredRow&& row) {
        const std::string name = row.account + "/" + row.table + "/" + row.key;
        contents.rows[name] = std::move(row);
      },
      [&](StoredMessage&& each) { contents.messages.push_back(std::move(each)); });
  if (!loaded) contents.error = loaded.error().message;
  return contents;
}

inline std::string bytes_of_file(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (in && std::filesystem::file_size(path) > 0) bytes << in.rdbuf();
  return bytes.str();
}

// The store's files, one behind the other: database, log, and the log's index.
inline std::string bytes_of_store(const std::string& path) {
  return bytes_of_file(path) + bytes_of_file(path + "-wal") + bytes_of_file(path + "-shm");
}

// For what other threads bring about: true as soon as `holds()` does, false after a minute.
template <typename Predicate>
bool comes_true(Predicate holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace hotline::test
