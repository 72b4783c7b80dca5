#include "upgrade/core_store.h"

#include <chrono>
#include <future>
#include <thread>

#include "base/log.h"
#include "upgrade/store_wire.h"

namespace hotline {

using upgrade::Question;

namespace {

constexpr std::chrono::milliseconds close_patience{10'000};
constexpr std::chrono::milliseconds look_every{1};

const Error store_given{"the store has been given to the process that takes over"};

}  // namespace

CoreStore::CoreStore(std::unique_ptr<Store> here) : here_(std::move(here)) {}

CoreStore::CoreStore(Say say, std::uint64_t message_id_max)
    : say_(std::move(say)), message_id_max_(message_id_max) {}

CoreStore::~CoreStore() {
  if (!unsafe_.empty()) log::warning("store.unwritten", {{"batches", unsafe_.size()}});
}

std::shared_ptr<Store> CoreStore::store_here() const {
  const std::lock_guard lock(mutex_);
  return here_;
}

bool CoreStore::is_here() const {
  return store_here() != nullptr;
}

Result<void> CoreStore::load(const std::function<void(StoredRow&&)>& on_row,
                             const std::function<void(StoredMessage&&)>& on_message) {
  const std::shared_ptr<Store> here = store_here();
  return here ? here->load(on_row, on_message) : Result<void>();  // It comes with the partitions.
}

std::uint64_t CoreStore::message_id_max() {
  const std::shared_ptr<Store> here = store_here();
  return here ? here->message_id_max() : message_id_max_;
}

void CoreStore::start(Committed committed) {
  committed_ = std::move(committed);
  if (const std::shared_ptr<Store> here = store_here()) here->start(committed_);
}

// Under the lock, so that the order of submissions is one.
void CoreStore::submit(StoreBatch batch) {
  const std::lock_guard lock(mutex_);
  if (is_closing_ && batch.shard >= far_shards) return parked_.push_back(std::move(batch));
  if (here_) return here_->submit(std::move(batch));
  if (!say_) return log::error("store.given", {{"batch", batch.number}, {"shard", batch.shard}});
  const std::string bytes = upgrade::batch_bytes(batch);
  for (std::size_t at = 0; at < bytes.size(); at += upgrade::piece_bytes_max)
    say_(upgrade::Batch{at + upgrade::piece_bytes_max >= bytes.size(),
                        bytes.substr(at, upgrade::piece_bytes_max)});
  unsafe_.push_back(std::move(batch));
}

StoreHealth CoreStore::health() {
  if (const std::shared_ptr<Store> here = store_here()) return here->health();
  const std::lock_guard lock(mutex_);
  StoreHealth health;
  health.batches_waiting = unsafe_.size();
  return health;
}

void CoreStore::heard_safe(const upgrade::Safe& safe) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(unsafe_, [&](const StoreBatch& batch) {
      return batch.shard == safe.shard && batch.number <= safe.number;
    });
  }
  if (committed_) committed_(safe.shard, safe.number);
}

void CoreStore::here(std::unique_ptr<Store> store) {
  std::deque<StoreBatch> again;
  std::map<std::uint64_t, Asked> asked;
  std::shared_ptr<Store> its = std::move(store);
  its->start(committed_);
  {
    const std::lock_guard lock(mutex_);
    for (StoreBatch& batch : unsafe_) its->submit(std::move(batch));
    unsafe_.clear();
    asked.swap(asked_);
    here_ = its;
  }
  // No answer keeps the store: the last one would close it on its own thread.
  for (auto& [number, each] : asked)
    answer_from(*its, {number, static_cast<std::uint16_t>(each.question), std::move(each.bytes)},
                [done = std::move(each.done)](upgrade::Answer answer) {
                  if (answer.is_error) return done(Error{std::move(answer.bytes)});
                  done(std::move(answer.bytes));
                });
}

Result<void> CoreStore::close() {
  if (!is_here()) return store_given;
  park(true);
  Result<void> closed = close_file();
  park(false);
  return closed;
}

// While B goes on writing there would never be a moment at which nothing waits. B has what it was not told is
// safe, and writes it itself; only a store that stays takes it after all.
void CoreStore::park(bool is_closing) {
  const std::lock_guard lock(mutex_);
  is_closing_ = is_closing;
  if (is_closing) return;
  if (here_)
    for (StoreBatch& batch : parked_) here_->submit(std::move(batch));
  parked_.clear();
}

Result<void> CoreStore::close_file() {
  std::shared_ptr<Store> here = store_here();
  const auto deadline = std::chrono::steady_clock::now() + close_patience;
  for (StoreHealth health = here->health(); health.batches_waiting > 0; health = here->health()) {
    if (std::chrono::steady_clock::now() > deadline)
      return Error{"the store does not take what waits for it: " +
                   (health.problem.empty() ? "it is slow" : health.problem)};
    std::this_thread::sleep_for(look_every);
  }
  const std::weak_ptr<Store> last = here;
  {
    const std::lock_guard lock(mutex_);
    here_.reset();
  }
  here.reset();
  // Whoever reads its health at this moment lets go of it soon; the file is closed by the last one.
  while (!last.expired() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(look_every);
  std::shared_ptr<Store> still = last.lock();
  if (!still) return {};
  const std::lock_guard lock(mutex_);
  here_ = std::move(still);
  return Error{"the store is in use by a question that takes long"};
}

// ---- questions

void CoreStore::ask(Question question, std::string bytes, std::function<void(Result<std::string>)> done) {
  std::shared_ptr<Store> here;
  {
    const std::lock_guard lock(mutex_);
    here = here_;
    if (!here && say_ && !has_far_ended_) {
      const std::uint64_t number = ++last_ask_;
      say_(upgrade::Ask{number, static_cast<std::uint16_t>(question), bytes});
      asked_.emplace(number, Asked{question, std::move(bytes), std::move(done)});
      return;
    }
  }
  if (!here) return done(store_given);
  answer_from(*here, {0, static_cast<std::uint16_t>(question), std::move(bytes)},
              [done = std::move(done)](upgrade::Answer answer) {
                if (answer.is_error) return done(Error{std::move(answer.bytes)});
                done(std::move(answer.bytes));
              });
}

void CoreStore::far_ended() {
  std::map<std::uint64_t, Asked> asked;
  {
    const std::lock_guard lock(mutex_);
    has_far_ended_ = true;
    asked.swap(asked_);
  }
  for (auto& [number, each] : asked) each.done(Error{"the process that has the store has ended"});
}

void CoreStore::heard_answer(const upgrade::Answer& answer) {
  std::function<void(Result<std::string>)> done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(answer.number);
    if (found == asked_.end()) return;
    done = std::move(found->second.done);
    asked_.erase(found);
  }
  if (answer.is_error) return done(Error{answer.bytes});
  done(answer.bytes);
}

Result<std::string> CoreStore::ask_and_wait(Question question, std::string bytes) {
  std::promise<Result<std::string>> promise;
  std::future<Result<std::string>> answer = promise.get_future();
  ask(question, std::move(bytes), [&promise](Result<std::string> its) { promise.set_value(std::move(its)); });
  return answer.get();
}

void CoreStore::read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) {
  if (const std::shared_ptr<Store> here = store_here())
    return here->read_bodies(std::move(ids), std::move(done));
  ask(Question::bodies, upgrade::ids_bytes(ids), [done = std::move(done)](const Result<std::string>& answer) {
    if (!answer) return done(answer.error());
    done(upgrade::read_stored_bodies(*answer));
  });
}

Result<HistoryRecord> CoreStore::append_history(std::string kind, std::string json) {
  if (const std::shared_ptr<Store> here = store_here())
    return here->append_history(std::move(kind), std::move(json));
  Result<std::string> answer = ask_and_wait(Question::append_history, upgrade::pair_bytes(kind, json));
  if (!answer) return answer.error();
  Result<std::vector<HistoryRecord>> records = upgrade::read_history(*answer);
  if (!records) return records.error();
  if (records->empty()) return Error{"the store has not said what it has appended"};
  return std::move(records->front());
}

Result<std::vector<HistoryRecord>> CoreStore::history(std::size_t newest_max) {
  if (const std::shared_ptr<Store> here = store_here()) return here->history(newest_max);
  Result<std::string> answer = ask_and_wait(Question::history, upgrade::ids_bytes({newest_max}));
  if (!answer) return answer.error();
  return upgrade::read_history(*answer);
}

Result<void> CoreStore::set_setting(std::string_view name, std::string_view value) {
  if (const std::shared_ptr<Store> here = store_here()) return here->set_setting(name, value);
  Result<std::string> answer = ask_and_wait(Question::set_setting, upgrade::pair_bytes(name, value));
  if (!answer) return answer.error();
  return {};
}

Result<std::string> CoreStore::setting(std::string_view name) {
  if (const std::shared_ptr<Store> here = store_here()) return here->setting(name);
  return ask_and_wait(Question::setting, upgrade::pair_bytes(name, {}));
}

Result<void> CoreStore::checkpoint() {
  if (const std::shared_ptr<Store> here = store_here()) return here->checkpoint();
  Result<std::string> answer = ask_and_wait(Question::checkpoint, {});
  if (!answer) return answer.error();
  return {};
}

namespace {

Result<std::string> answer_now(Store& store, const upgrade::Ask& ask) {
  switch (static_cast<Question>(ask.question)) {
    case Question::history: {
      const Result<std::vector<std::uint64_t>> newest_max = upgrade::read_ids(ask.bytes);
      if (!newest_max || newest_max->size() != 1) return Error{"how much of the history was not said"};
      Result<std::vector<HistoryRecord>> records = store.history(newest_max->front());
      if (!records) return records.error();
      return upgrade::history_bytes(*records);
    }
    case Question::checkpoint: {
      Result<void> done = store.checkpoint();
      if (!done) return done.error();
      return std::string();
    }
    case Question::append_history:
    case Question::set_setting:
    case Question::setting: break;
    default: return Error{"no question of the store has the number " + std::to_string(ask.question)};
  }
  Result<std::pair<std::string, std::string>> both = upgrade::read_pair(ask.bytes);
  if (!both) return both.error();
  if (static_cast<Question>(ask.question) == Question::setting) return store.setting(both->first);
  if (static_cast<Question>(ask.question) == Question::set_setting) {
    Result<void> set = store.set_setting(both->first, both->second);
    if (!set) return set.error();
    return std::string();
  }
  Result<HistoryRecord> record = store.append_history(both->first, both->second);
  if (!record) return record.error();
  return upgrade::history_bytes({*record});
}

}  // namespace

void answer_from(Store& store, const upgrade::Ask& ask, std::function<void(upgrade::Answer)> answered) {
  const auto say = [number = ask.number, answered = std::move(answered)](Result<std::string> answer) {
    if (!answer) return answered({number, true, answer.error().message});
    answered({number, false, std::move(*answer)});
  };
  if (static_cast<Question>(ask.question) != Question::bodies) return say(answer_now(store, ask));
  Result<std::vector<std::uint64_t>> ids = upgrade::read_ids(ask.bytes);
  if (!ids) return say(ids.error());
  store.read_bodies(std::move(*ids), [say](Result<StoredBodies> bodies) {
    if (!bodies) return say(bodies.error());
    say(upgrade::bodies_bytes(*bodies));
  });
}

}  // namespace hotline
