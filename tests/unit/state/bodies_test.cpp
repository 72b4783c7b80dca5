// Which bodies of mailbox entries are in memory (state/bodies.h).
#include "state/bodies.h"

#include <doctest/doctest.h>

#include "state/memory_store.h"
#include "store_support.h"

using namespace hotline;
using namespace hotline::test;

namespace {

struct NoClock final : Clock {
  std::uint64_t mono_us() override { return 1; }
  std::uint64_t wall_ms() override { return 1; }
};

// A shard's part: a store, and what comes back from it.
struct Shelf {
  NoClock clock;
  MemoryStore store{clock};
  std::vector<std::function<void()>> come_back;
  Bodies bodies;
  std::vector<Ref<MailboxEntry>> entries;

  explicit Shelf(std::uint64_t bytes_max)
      : bodies(store, bytes_max,
               [this](std::function<void()> call) { come_back.push_back(std::move(call)); }) {
    store.start({});
  }
  MailboxEntry& add(std::uint64_t id, std::size_t bytes, MailboxEntry::Kept kept = MailboxEntry::Kept::disk) {
    auto entry = Ref<MailboxEntry>::adopt(new MailboxEntry);
    entry->id = id;
    entry->set_body(Buffer::copy(std::string(bytes, 'x')));
    entry->kept = kept;
    StoreBatch written = batch(0, id);
    written.put_messages.push_back(message(id, std::string(bytes, 'x')));
    store.submit(std::move(written));
    store.commit_all();
    bodies.entered(*entry);
    entries.push_back(entry);
    return *entry;
  }
  std::vector<std::uint64_t> in_memory() const {
    std::vector<std::uint64_t> ids;
    for (const Ref<MailboxEntry>& entry : entries)
      if (entry->body) ids.push_back(entry->id);
    return ids;
  }
  bool read(std::vector<std::uint64_t> ids) {
    std::vector<Ref<MailboxEntry>> wanted;
    for (const std::uint64_t id : ids)
      for (const Ref<MailboxEntry>& entry : entries)
        if (entry->id == id) wanted.push_back(entry);
    bool was_read = false;
    bodies.read(std::move(wanted), [&was_read](bool is_read) { was_read = is_read; });
    CHECK_FALSE(was_read);  // Never within the call.
    for (const std::function<void()>& call : std::exchange(come_back, {})) call();
    return was_read;
  }
};

using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("bodies: beyond the bound the large ones go first, then the oldest, and no more than that") {
  Shelf shelf(25'000);
  shelf.add(1, 5'000);
  shelf.add(2, 10'000);
  shelf.add(3, 5'000);
  shelf.add(4, 9'000);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory() == Ids{1, 3, 4});
  CHECK(shelf.bodies.memory_bytes() == 19'000);
  shelf.add(5, 12'000);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory() == Ids{1, 3, 5});
  for (std::uint64_t id = 6; id < 9; ++id) shelf.add(id, 5'000);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory() == Ids{1, 3, 6, 7, 8});
  shelf.add(9, 5'000);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory() == Ids{3, 6, 7, 8, 9});
  CHECK(shelf.bodies.given_up() == 4);
}

TEST_CASE("bodies: what is not on disk stays, however much it is, until it is") {
  Shelf shelf(1);
  MailboxEntry& entry = shelf.add(1, 5'000, MailboxEntry::Kept::submitted);
  shelf.bodies.give_up();
  CHECK(entry.body);
  entry.kept = MailboxEntry::Kept::disk;
  shelf.bodies.is_safe(entry);
  shelf.bodies.give_up();
  CHECK_FALSE(entry.body);
  CHECK(entry.body_bytes == 5'000);
  CHECK(shelf.bodies.memory_bytes() == 0);
}

TEST_CASE("bodies: what a client is being sent stays until it is sent to nobody") {
  Shelf shelf(1);
  MailboxEntry& entry = shelf.add(1, 100);
  entry.holders = 1;
  shelf.bodies.give_up();
  CHECK(entry.body);
  entry.holders = 0;
  shelf.bodies.give_up();
  CHECK_FALSE(entry.body);
}

TEST_CASE("bodies: a body is read back in a later turn, counted, and may be given up again") {
  Shelf shelf(1);
  for (std::uint64_t id = 1; id <= 3; ++id) shelf.add(id, 100 * id);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory().empty());
  CHECK(shelf.read({1, 3}));
  CHECK(shelf.in_memory() == Ids{1, 3});
  CHECK(shelf.entries[2]->body->size() == 300);
  CHECK(shelf.bodies.memory_bytes() == 400);
  CHECK(shelf.bodies.read_back() == 2);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory().empty());
}

TEST_CASE("bodies: an entry that leaves is forgotten, with a body and without") {
  Shelf shelf(150);
  MailboxEntry& first = shelf.add(1, 100);
  MailboxEntry& second = shelf.add(2, 100);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory() == Ids{2});
  shelf.bodies.left(first);
  shelf.bodies.left(second);
  CHECK(shelf.bodies.memory_bytes() == 0);
  shelf.entries.clear();
  shelf.add(3, 200);
  shelf.bodies.give_up();
  CHECK(shelf.in_memory().empty());
}

TEST_CASE(
    "bodies: one that was accepted while it was read stays without a body; one the store lost is missing") {
  Shelf shelf(1);
  MailboxEntry& accepted = shelf.add(1, 100);
  MailboxEntry& lost = shelf.add(2, 100);
  shelf.bodies.give_up();
  accepted.is_accepted = true;
  shelf.store.submit(drop(0, 3, {2}));
  shelf.store.commit_all();
  CHECK(shelf.read({1, 2}));
  CHECK_FALSE(accepted.body);
  CHECK_FALSE(accepted.is_missing);
  CHECK(lost.is_missing);
}
