// B's store over a pair of queues on A's, which a simulated disk makes safe when it is told to.
#include "upgrade/core_store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "state/memory_store.h"

using namespace hotline;
using namespace hotline::upgrade;

namespace {

StoreBatch batch(std::uint32_t shard, std::uint64_t number, const std::string& body) {
  StoreBatch made;
  made.shard = shard;
  made.number = number;
  made.put_messages.push_back({number, "anna@localhost", 5, 6, 7, "routing", Buffer::copy(body)});
  made.put_rows.push_back({"table", "anna@localhost", "key", 2, std::string("va\0lue", 6)});
  made.erase_rows.push_back({"table", "bert@localhost", "key"});
  made.drop_messages.push_back(number + 1'000);
  return made;
}

struct TwoStores {
  SystemClock clock;
  MemoryStore* disk_of_a = new MemoryStore(clock);  // The store's.
  CoreStore a{std::unique_ptr<Store>(disk_of_a)};
  CoreStore b{[this](const Message& message) {
                const std::lock_guard lock(mutex);
                said.push_back(message);
              },
              100};
  std::mutex mutex;
  std::vector<Message> said;
  std::string pieces;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> safe_in_b;

  TwoStores() {
    a.start([this](std::uint32_t shard, std::uint64_t number) {
      if (shard >= far_shards) b.heard_safe({shard - far_shards, number});
    });
    b.start([this](std::uint32_t shard, std::uint64_t number) { safe_in_b.emplace_back(shard, number); });
  }
  // A hears what B has said.
  void hear() {
    std::vector<Message> heard;
    {
      const std::lock_guard lock(mutex);
      heard.swap(said);
    }
    for (const Message& message : heard) {
      if (const auto* ask = std::get_if<Ask>(&message))
        answer_from(a, *ask, [this](const Answer& answer) { b.heard_answer(answer); });
      const auto* piece = std::get_if<Batch>(&message);
      if (piece == nullptr) continue;
      pieces += piece->bytes;
      if (!piece->is_last) continue;
      Result<StoreBatch> whole = read_batch(std::exchange(pieces, {}));
      REQUIRE(whole);
      whole->shard += far_shards;
      a.submit(std::move(*whole));
    }
  }
};

// A disk that makes one batch safe each time somebody looks, and a B that sends another one by then.
class BusyStore final : public Store {
 public:
  explicit BusyStore(Clock& clock) : disk_(clock) {}
  std::function<void()> meanwhile;

  Result<void> load(const std::function<void(StoredRow&&)>&,
                    const std::function<void(StoredMessage&&)>&) override {
    return {};
  }
  std::uint64_t message_id_max() override { return disk_.message_id_max(); }
  void start(Committed committed) override { disk_.start(std::move(committed)); }
  void submit(StoreBatch batch) override { disk_.submit(std::move(batch)); }
  StoreHealth health() override {
    meanwhile();
    const StoreHealth found = disk_.health();
    disk_.commit_next();
    return found;
  }
  void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) override {
    disk_.read_bodies(std::move(ids), std::move(done));
  }
  Result<HistoryRecord> append_history(std::string, std::string) override { return HistoryRecord{}; }
  Result<std::vector<HistoryRecord>> history(std::size_t) override { return std::vector<HistoryRecord>{}; }
  Result<void> set_setting(std::string_view, std::string_view) override { return {}; }
  Result<std::string> setting(std::string_view) override { return std::string(); }
  Result<void> checkpoint() override { return {}; }

 private:
  MemoryStore disk_;
};

}  // namespace

TEST_CASE("core store: it closes while B goes on writing, and B still has what A did not write") {
  SystemClock clock;
  auto* disk = new BusyStore(clock);  // The store's.
  CoreStore a{std::unique_ptr<Store>(disk)};
  std::uint64_t sent = 0, safe = 0, own_safe = 0;
  a.start(
      [&](std::uint32_t shard, std::uint64_t number) { (shard >= far_shards ? safe : own_safe) = number; });
  disk->meanwhile = [&] { a.submit(batch(far_shards + 1, ++sent, "of B's")); };
  a.submit(batch(1, 1, "of A's own"));
  for (int i = 0; i < 3; ++i) disk->meanwhile();
  REQUIRE(a.close());
  CHECK_FALSE(a.is_here());
  CHECK(own_safe == 1);
  CHECK(safe >= 3);  // What had come before.
  CHECK(safe < sent);
}

TEST_CASE("core store: what is written far is on A's disk, and is safe here once it is") {
  TwoStores both;
  CHECK(both.b.message_id_max() == 100);
  both.b.submit(batch(1, 1, "small"));
  both.b.submit(batch(1, 2, std::string(3u << 20, 'x')));  // More than goes into one message.
  CHECK(both.said.size() > 4);
  both.hear();
  CHECK(both.safe_in_b.empty());
  CHECK(both.b.health().batches_waiting == 2);
  both.disk_of_a->commit_all();
  CHECK(both.safe_in_b.back() == std::pair(1u, std::uint64_t{2}));
  CHECK(both.b.health().batches_waiting == 0);
  CHECK(both.disk_of_a->message_count() == 2);
  REQUIRE(both.disk_of_a->rows().size() == 1);
  CHECK(both.disk_of_a->rows().front().value == std::string("va\0lue", 6));
}

TEST_CASE("core store: bodies come from where the writer is, the same whichever that is") {
  TwoStores both;
  both.b.submit(batch(1, 1, "one"));
  both.hear();
  both.disk_of_a->commit_all();
  std::optional<Result<StoredBodies>> bodies;
  both.b.read_bodies({1, 99}, [&](Result<StoredBodies> its) { bodies = std::move(its); });
  CHECK_FALSE(bodies);
  both.hear();
  REQUIRE(bodies);
  REQUIRE(*bodies);
  REQUIRE((*bodies)->size() == 2);
  CHECK((**bodies)[0]->bytes() == "one");
  CHECK_FALSE((**bodies)[1]);
}

TEST_CASE("core store: once the writer is here, what nobody called safe is written again, and asked again") {
  TwoStores both;
  both.b.submit(batch(1, 1, "safe"));
  both.hear();
  both.disk_of_a->commit_all();
  both.b.submit(batch(1, 2, "on its way"));
  both.b.submit(batch(2, 1, "of another shard"));
  std::optional<Result<StoredBodies>> bodies;
  both.b.read_bodies({2}, [&](Result<StoredBodies> its) { bodies = std::move(its); });
  // A is dead. The disk is another object with the same in it.
  auto disk_of_b = std::make_unique<MemoryStore>(both.clock);
  MemoryStore& disk = *disk_of_b;
  disk.submit(batch(1, 1, "safe"));
  disk.commit_all();
  both.b.here(std::move(disk_of_b));
  CHECK(both.b.is_here());
  disk.commit_all();
  CHECK(disk.message_count() == 2);  // Both of shard 1; that of shard 2 has an id of the first's.
  CHECK(both.safe_in_b.back() == std::pair(2u, std::uint64_t{1}));
  CHECK(bodies.has_value());
  both.b.submit(batch(1, 3, "here"));
  CHECK(disk.waiting_count() == 1);
}

TEST_CASE("core store: the history is one, whoever appends") {
  TwoStores both;
  REQUIRE(both.a.append_history("push", "{}"));
  std::atomic<bool> has_answered{false};
  const auto far = [&](const auto& act) {  // B waits for A, so A hears on another thread.
    has_answered = false;
    std::thread hears([&] {
      while (!has_answered) both.hear();
    });
    act();
    has_answered = true;
    hears.join();
  };
  far([&] {
    const Result<HistoryRecord> record = both.b.append_history("start", R"({"a":1})");
    REQUIRE(record);
    CHECK(record->number == 2);
  });
  far([&] {
    const Result<std::vector<HistoryRecord>> all = both.b.history(10);
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK(all->back().json == R"({"a":1})");
  });
}

TEST_CASE("core store: a store that was given takes nothing more, and says so") {
  TwoStores both;
  REQUIRE(both.a.close());
  CHECK_FALSE(both.a.is_here());
  const Result<HistoryRecord> record = both.a.append_history("push", "{}");
  REQUIRE_FALSE(record);
  CHECK(record.error().message == "the store has been given to the process that takes over");
}
