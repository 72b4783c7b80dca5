#include "unit/dispatch/sim_world.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/check.h"
#include "base/heap_size.h"
#include "push/generation.h"
#include "registration/account_row.h"

namespace hotline::sim {

namespace {

// A wire's descriptor is a real one, in which its number can be read.
std::vector<std::weak_ptr<Wire>>& numbered_wires() {
  static std::vector<std::weak_ptr<Wire>> wires;
  return wires;
}

class SimLink final : public Link {
 public:
  explicit SimLink(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~SimLink() override {
    if (!is_given_away_) wire_->events = nullptr;
  }
  static std::unique_ptr<Link> of(int descriptor) {
    std::uint64_t number = 0;
    check(read(descriptor, &number, sizeof number) == sizeof number, "a wire's descriptor has its number");
    close(descriptor);
    return std::make_unique<SimLink>(numbered_wires().at(number - 1).lock());
  }

  void attach(LinkEvents* events) override { wire_->events = events; }
  std::size_t send(std::string_view bytes) override {
    if (wire_->is_full) return 0;
    if (!wire_->is_cut) wire_->to_client.append(bytes);
    return bytes.size();
  }
  std::size_t unacknowledged() const override { return wire_->to_client.size(); }
  void pause_reading(bool /*paused*/) override {}
  std::string peer() const override { return wire_->peer; }
  bool is_loopback() const override { return wire_->peer.starts_with("127."); }
  void detach() override { wire_->is_detached = true; }
  std::size_t held_bytes() const override { return heap_bytes(this); }
  int duplicate() const override {
    numbered_wires().push_back(wire_);
    return eventfd(static_cast<unsigned>(numbered_wires().size()), EFD_CLOEXEC);
  }
  void give_away() override { is_given_away_ = true; }
  void arrive() { wire_->is_detached = false; }

 private:
  std::shared_ptr<Wire> wire_;
  bool is_given_away_ = false;
};

constexpr std::uint32_t twin_shards_from = 100;  // In batches: shards of the host that is beside.

// The store of one host, for the host beside it: one writer, one order.
class StoreBeside final : public Store {
 public:
  explicit StoreBeside(Store& store) : store_(store) {}
  Result<void> load(const std::function<void(StoredRow&&)>&,
                    const std::function<void(StoredMessage&&)>&) override {
    return {};
  }
  std::uint64_t message_id_max() override { return store_.message_id_max(); }
  void start(Committed) override {}
  void submit(StoreBatch batch) override {
    batch.shard += twin_shards_from;
    store_.submit(std::move(batch));
  }
  StoreHealth health() override { return store_.health(); }
  void read_bodies(std::vector<std::uint64_t> ids, BodiesRead done) override {
    store_.read_bodies(std::move(ids), std::move(done));
  }
  Result<HistoryRecord> append_history(std::string, std::string) override { return HistoryRecord{}; }
  Result<std::vector<HistoryRecord>> history(std::size_t) override { return std::vector<HistoryRecord>{}; }
  Result<void> set_setting(std::string_view, std::string_view) override { return {}; }
  Result<std::string> setting(std::string_view) override { return std::string(); }
  Result<void> checkpoint() override { return {}; }

 private:
  Store& store_;
};

std::string hmac(const EVP_MD* method, std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(method, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

std::string hash(const EVP_MD* method, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, method, nullptr);
  return {reinterpret_cast<const char*>(out), size};
}

struct Keys {
  std::string stored, server;
};
// RFC 5802 3. One iteration: a simulation logs in thousands of times.
Keys keys_of(const EVP_MD* method, std::string_view text, std::string_view salt) {
  std::string salted(static_cast<std::size_t>(EVP_MD_get_size(method)), '\0');
  PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()),
                    reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), 1,
                    method, static_cast<int>(salted.size()), reinterpret_cast<unsigned char*>(salted.data()));
  return {hash(method, hmac(method, salted, "Client Key")), hmac(method, salted, "Server Key")};
}

}  // namespace

bool SimPool::run_all() {
  bool has_run = false;
  while (!waiting_.empty()) {
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    work();
    has_run = true;
  }
  return has_run;
}

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "hotline-sim-XXXXXX").string();
  check(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void SimFar::post(std::uint32_t partition, Post post) {
  ++posts_;
  // What is not the same in both.
  post.set = 0;
  post.module = to_.world().modules->number(from_.world().modules->name(post.module));
  if (partition == UINT32_MAX)
    return to_.shard(post.extra->receipts.front().shard).inbox().push_one(std::move(post));
  to_.partitions().take(partition, std::move(post));
}

SimWorld::SimWorld(Settings settings)
    : clock(settings.beside == nullptr ? own_clock_ : settings.beside->clock),
      store(settings.beside == nullptr ? own_store_ : settings.beside->store),
      settings_(std::move(settings)),
      random_(settings_.seed) {
  for (const std::string& address : settings_.accounts) add_account(address);
  store.commit_all();
  start();
}

SimWorld::~SimWorld() {
  if (settings_.beside != nullptr) {
    settings_.beside->twin_ = nullptr;
    settings_.beside->host_->world().far = nullptr;
  }
  stop();
}

void SimWorld::add_account(const std::string& address) {
  const std::string salt(accounts::salt_size, 's');
  // All have the one password.
  static const Keys sha256 = keys_of(EVP_sha256(), password, salt),
                    sha1 = keys_of(EVP_sha1(), password, salt);
  accounts::AccountRow row;
  row.iterations = 1;
  row.sha256 = {salt, sha256.stored, sha256.server};
  row.sha1 = {salt, sha1.stored, sha1.server};
  StoreBatch batch;
  batch.number = ++accounts_batch_;
  batch.put_rows.push_back({std::string(accounts::table_name), address, std::string(accounts::scram_key), 1,
                            accounts::encode(row)});
  store.submit(std::move(batch));
}

void SimWorld::start() {
  Host::Settings settings;
  settings.shards = settings_.shards;
  settings.starts_empty = settings_.beside != nullptr;
  settings.host_number = settings_.beside == nullptr ? 0 : 1;
  if (settings_.beside != nullptr) twin_store_ = std::make_unique<StoreBeside>(store);
  settings.limits = settings_.limits;
  settings.modules.by_module["session"]["allow_plain_loopback"] = "1";
  const auto loops = [](std::uint32_t) {
    return Shard::Loops{.wake = [] {},
                        .begin_turn = [] {},
                        .put_on_loop = [](Link& link) { static_cast<SimLink&>(link).arrive(); },
                        .poll_safepoint = [] {}};
  };
  Result<std::unique_ptr<FileStore>> files = FileStore::open(dir_.path() + "/files");
  check(files.has_value(), "files can be kept");
  files_ = std::move(*files);
  host_ = std::make_unique<Host>(
      settings,
      Host::Parts{.clock = &clock,
                  .random = &random_,
                  .store = twin_store_ ? twin_store_.get() : &store,
                  .work_pool = &pool_,
                  .tls = settings_.tls,
                  .files = files_.get(),
                  .file_pool = &pool_},
      loops, [this](const std::function<void()>& swap, LiveTarget::Haste) {
        if (barriers_missed > 0) {
          --barriers_missed;
          return Safepoint::Outcome{.swapped = false, .attempts = 1, .pause_us_max = 0};
        }
        swap();
        return Safepoint::Outcome{.swapped = true, .attempts = 1, .pause_us_max = 0};
      });
  host_->world().link_of = [](int descriptor, const PeerAddress&) { return SimLink::of(descriptor); };
  host_->world().listener = [this](std::string_view name) {
    return name == settings_.listener.name ? &settings_.listener : nullptr;
  };
  check(static_cast<bool>(host_->load()), "the store can be loaded");
  if (SimWorld* const first = settings_.beside; first != nullptr) {
    first->twin_ = this;
    first->far_ = std::make_unique<SimFar>(*first->host_, *host_);
    far_ = std::make_unique<SimFar>(*host_, *first->host_);
    first->host_->world().far = first->far_.get();
    host_->world().far = far_.get();
  } else {
    store.start([this](std::uint32_t shard, std::uint64_t number) {
      Post post;
      post.kind = Post::Kind::committed;
      post.number = number;
      const bool is_twins = shard >= twin_shards_from;
      if (is_twins && twin_ == nullptr) return;
      Host& host = is_twins ? *twin_->host_ : *host_;
      host.shard(is_twins ? shard - twin_shards_from : shard).inbox().push_one(std::move(post));
    });
  }
  Result<ModuleStore> modules = ModuleStore::open(dir_.path());
  check(modules.has_value(), "a module store can be made");
  pipeline_ = std::make_unique<Pipeline>(
      // A child process would be outside the simulation.
      *host_, std::move(*modules), clock, Pipeline::Settings{.preflight = {.is_on = false}},
      [](const std::string&, const std::string&) -> Result<std::uint64_t> { return std::uint64_t{1}; });
  Result<PushOutcome> started = pipeline_->start(settings_.modules);
  if (!started) last_refusal = started.error().message;
  check(started.has_value(), "the modules can be made live: see last_refusal");
}

void SimWorld::stop() {
  pool_.run_all();
  // As the daemon does: the shards let go of their connections, then the code goes.
  for (std::uint32_t shard = 0; shard < host_->shard_count(); ++shard) host_->shard(shard).streams.drop_all();
  pipeline_->close();
  pipeline_.reset();
  host_.reset();
}

void SimWorld::crash(std::size_t safe_untold) {
  store.crash(safe_untold);
  stop();
  // Taking the old host down must not have written what a dead process could not.
  store.crash(0);
  start();
}

std::shared_ptr<Wire> SimWorld::connect(std::uint32_t shard, const std::string& from) {
  auto wire = std::make_shared<Wire>();
  wire->peer = from;
  host_->shard(shard).streams.accept(std::make_unique<SimLink>(wire), settings_.listener);
  return wire;
}

void SimWorld::deliver(Wire& wire, std::size_t bytes) {
  if (wire.events == nullptr || wire.is_detached || wire.to_host.empty()) return;
  const std::string piece = wire.to_host.substr(0, bytes);
  wire.to_host.erase(0, piece.size());
  wire.events->on_bytes(piece);
}

void SimWorld::cut(Wire& wire, bool is_noticed) {
  wire.is_cut = true;
  wire.to_client.clear();
  wire.to_host.clear();
  // A link that is between two shards is cut when it has arrived: its loop finds out.
  if (is_noticed && wire.is_detached) settle();
  if (is_noticed && wire.events != nullptr) wire.events->on_end("cut");
}

void SimWorld::turn(std::uint32_t shard) {
  Shard& its = host_->shard(shard);
  its.take_inbox();
  if (its.next_timer_us() <= clock.mono_us()) its.run_timers();
  its.end_turn();
}

void SimWorld::settle() {
  SimWorld* const other = twin_ != nullptr ? twin_ : settings_.beside;
  for (bool has_more = true; has_more;) {
    has_more = settle_once();
    if (other != nullptr && other->settle_once()) has_more = true;
  }
}

bool SimWorld::settle_once() {
  bool has_more = pool_.run_all();
  for (std::uint32_t number = 0; number < host_->shard_count(); ++number) {
    Shard& shard = host_->shard(number);
    shard.take_inbox();
    if (shard.next_timer_us() <= clock.mono_us()) shard.run_timers();
    if (shard.end_turn()) has_more = true;
  }
  for (std::uint32_t number = 0; number < host_->shard_count(); ++number)
    if (host_->shard(number).inbox().size() > 0) has_more = true;
  return has_more;
}

bool SimWorld::push(const std::string& file) {
  const PushOutcome outcome = pipeline_->push({.files = {file}, .by = {}});
  if (!outcome.refusals.empty()) last_refusal = outcome.refusals.front().reason;
  return outcome.outcome == "live";
}

bool SimWorld::rollback(const std::string& module, const std::string& to) {
  const PushOutcome outcome = pipeline_->rollback(module, to, {});
  if (!outcome.refusals.empty()) last_refusal = outcome.refusals.front().reason;
  return outcome.outcome == "live";
}

std::vector<Host::Answer> SimWorld::command(const std::string& name, const std::string& account,
                                            const std::string& json) {
  std::vector<Host::Answer> answers;
  if (!host_->command(name, account, json,
                      [&](std::vector<Host::Answer> given) { answers = std::move(given); }))
    return answers;
  for (int i = 0; i < 100 && answers.empty(); ++i) {
    settle();
    clock.advance_us(5'000);
    store.commit_all();
  }
  return answers;
}

std::vector<std::string> SimWorld::mailbox(const std::string& account) {
  std::vector<std::string> bodies;
  const Account* found = host_->shard(host_->world().home_of(account)).accounts.find(account);
  if (found == nullptr) return bodies;
  for (const MailboxEntry* entry = found->mailbox.first(); entry != nullptr; entry = entry->newer) {
    if (entry->body) {
      bodies.emplace_back(entry->body->bytes());
    } else {
      store.read_bodies({entry->id}, [&bodies](const Result<StoredBodies>& read) {
        bodies.emplace_back((*read)[0] ? (*read)[0]->bytes() : "lost");
      });
    }
  }
  return bodies;
}

std::string module_file(std::string_view name) {
  return std::string(HOTLINE_MODULE_DIR) + "/" + std::string(name);
}

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("HOTLINE_SEED")) return {std::strtoull(one, nullptr, 10)};
  if (!Generation::can_unload()) count /= seeds_share_sanitized;
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

}  // namespace hotline::sim
