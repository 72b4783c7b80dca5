#include "store_kill_plan.h"

namespace hotline::test {
namespace {

constexpr std::uint64_t ids_per_batch = 8;

std::uint64_t message_count(std::uint64_t n) {
  return 1 + n % 5;
}
std::uint64_t message_id(std::uint64_t n, std::uint64_t at) {
  return n * ids_per_batch + at;
}

std::string body(std::uint64_t n, std::uint64_t at) {
  return "message " + std::to_string(n) + "." + std::to_string(at) + std::string(n * 37 % 900, '.');
}

// The batch whose messages batch n drops; 0 for none.
std::uint64_t dropped_by(std::uint64_t n) {
  return n % 3 == 0 && n > 4 ? n - 4 : 0;
}

}  // namespace

StoreBatch planned_batch(std::uint64_t n) {
  StoreBatch batch;
  batch.shard = static_cast<std::uint32_t>(n % 2);
  batch.number = n;
  for (std::uint64_t at = 0; at < message_count(n); ++at) {
    batch.put_messages.push_back(
        {message_id(n, at), "romeo@localhost", n, at, 0, "routing", Buffer::copy(body(n, at))});
  }
  if (const std::uint64_t old = dropped_by(n); old > 0)
    for (std::uint64_t at = 0; at < message_count(old); ++at)
      batch.drop_messages.push_back(message_id(old, at));
  batch.put_rows.push_back({"progress", "", "newest", 1, std::to_string(n)});
  return batch;
}

std::map<std::uint64_t, std::string> planned_messages(std::uint64_t n) {
  std::map<std::uint64_t, std::string> messages;
  for (std::uint64_t each = 1; each <= n; ++each) {
    for (std::uint64_t at = 0; at < message_count(each); ++at)
      messages[message_id(each, at)] = body(each, at);
    if (const std::uint64_t old = dropped_by(each); old > 0)
      for (std::uint64_t at = 0; at < message_count(old); ++at) messages.erase(message_id(old, at));
  }
  return messages;
}

SqliteStore::Settings planned_settings(const std::string& path) {
  SqliteStore::Settings settings;
  settings.file.path = path;
  settings.commit_interval_us = 0;
  settings.log_bytes_max = 96u << 10;
  settings.log_bytes_quiet = 16u << 10;
  settings.quiet_ms = 1;
  settings.empty_after_ms = 3;
  return settings;
}

}  // namespace hotline::test
