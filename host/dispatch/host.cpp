#include "dispatch/host.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "dispatch/capabilities/capabilities.h"
#include "dispatch/row_sample.h"

namespace hotline {

namespace {
constexpr auto sample_patience = std::chrono::milliseconds(5'000);
}  // namespace

Host::Host(const Settings& settings, const Parts& parts,
           const std::function<Shard::Loops(std::uint32_t)>& loops, Barrier barrier)
    : barrier_(std::move(barrier)),
      starts_empty_(settings.starts_empty),
      routes_(std::make_shared<const RouteTable>()) {
  world_.shards = settings.shards;
  world_.host_number = settings.host_number;
  if (settings.starts_empty)
    world_.homes.leave_all();
  else
    world_.homes.deal(settings.shards);
  world_.clock = parts.clock;
  world_.random = parts.random;
  world_.store = parts.store;
  world_.work_pool = parts.work_pool;
  world_.outbox = parts.outbox;
  world_.files = parts.files;
  world_.file_pool = parts.file_pool;
  world_.archive_pool = parts.archive_pool;
  world_.relay = parts.relay;
  world_.transcoder = parts.transcoder;
  world_.transcode_pool = parts.transcode_pool;
  world_.tls = parts.tls;
  world_.tables = &tables_;
  world_.modules = &modules_;
  world_.field_names = &fields_;
  world_.counter_names = &counters_;
  world_.limits = settings.limits;
  world_.settings = settings.modules;
  world_.message_id = &message_id_;
  world_.command_answered = [this](std::uint64_t command, bool is_refusal, std::string json) {
    answered(command, is_refusal, std::move(json));
  };
  for (std::uint32_t number = 0; number < settings.shards; ++number) {
    shards_.push_back(std::make_unique<Shard>(number, world_, loops(number)));
    world_.all.push_back(shards_.back().get());
  }
}

Host::~Host() = default;

Result<void> Host::load() {
  world_.entry_id_is_beyond(world_.store->message_id_max());
  if (starts_empty_) return {};  // It comes with the partitions.
  const auto on_row = [this](StoredRow&& row) {
    stored_schemas_[row.table].insert(row.schema);
    const std::uint32_t table = tables_.number(row.table);
    Shard& home = *shards_[world_.home_of(row.account)];
    home.rows.load(std::move(row), table);
  };
  const auto on_message = [this](StoredMessage&& message) {
    const std::uint16_t module = modules_.number(message.module);
    Shard& home = *shards_[world_.home_of(message.account)];
    home.load(std::move(message), module);
  };
  return world_.store->load(on_row, on_message);
}

std::vector<std::string> Host::capabilities() const {
  std::vector<std::string> names;
  for (const Capability& capability : hotline::capabilities()) names.emplace_back(capability.name);
  return names;
}

std::vector<StoredTable> Host::stored_tables() {
  const std::lock_guard lock(staged_mutex_);
  std::vector<StoredTable> tables;
  for (const auto& [name, schemas] : stored_schemas_)
    tables.push_back({name, {schemas.begin(), schemas.end()}});
  return tables;
}

ModuleFacts Host::facts(const std::string& module) const {
  const auto found = world_.settings.by_module.find(module);
  if (found == world_.settings.by_module.end()) return {world_.settings.domain, {}};
  return {world_.settings.domain, found->second};
}

bool Host::has_lines_listener(const std::string& name) const {
  if (!world_.listener) return true;  // Who listens is known to whoever runs this host.
  const ListenerFacts* const facts = world_.listener(name);
  return facts != nullptr && facts->framer == FramerKind::lines;
}

Result<std::vector<SampleRow>> Host::sample_rows(const Manifest& manifest) {
  std::vector<RowSample::Wanted> wanted;
  for (const StoredTable& stored : stored_tables()) {
    const TableClaim* const claim = manifest.table(stored.name);
    if (claim != nullptr &&
        std::ranges::any_of(stored.schemas, [&](std::uint32_t schema) { return schema < claim->writes; }))
      wanted.push_back({tables_.number(stored.name), stored.name, claim->writes});
  }
  if (wanted.empty()) return std::vector<SampleRow>{};
  const auto start = static_cast<std::uint32_t>(world_.random->next_u64());
  return RowSample::begin(world_.all, std::move(wanted), start)->wait(sample_patience);
}

Result<void> Host::stage(Generation& generation) {
  const std::uint16_t module = modules_.number(generation.manifest().name);
  std::vector<std::unique_ptr<ModuleContext>> contexts;
  std::vector<const hl_host*> hosts;
  for (const std::unique_ptr<Shard>& shard : shards_) {
    contexts.push_back(std::make_unique<ModuleContext>(*shard, generation.manifest(), module));
    hosts.push_back(contexts.back()->host());
  }
  if (Result<void> created = generation.create_instances(hosts); !created) return created;
  const std::lock_guard lock(staged_mutex_);
  staged_[&generation] = std::move(contexts);
  return {};
}

Result<void> Host::unstage(Generation& generation) {
  forget(generation);
  Result<void> destroyed = generation.destroy_instances();
  const std::lock_guard lock(staged_mutex_);
  staged_.erase(&generation);
  return destroyed;
}

bool Host::command(const std::string& name, const std::string& account, const std::string& json,
                   Answered done) {
  RouteTable::Command route;
  {
    const std::lock_guard lock(staged_mutex_);
    route = routes_->command(name);
  }
  if (route.module == no_module) return false;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(commands_mutex_);
    number = ++last_command_;
    commands_.emplace(number, Waiting{route.is_everywhere ? shards_.size() : 1, {}, std::move(done)});
  }
  const auto make = [&] {
    Post post;
    post.kind = Post::Kind::command;
    post.number = number;
    if (!route.is_everywhere) post.address(account);
    post.extra = std::make_unique<Post::Extra>();
    post.extra->token = name;
    post.extra->text = json;
    return post;
  };
  if (route.is_everywhere) {
    for (const std::unique_ptr<Shard>& shard : shards_) shard->inbox().push_one(make());
  } else {
    world_.hand_in(make());
  }
  return true;
}

void Host::answered(std::uint64_t command, bool is_refusal, std::string json) {
  Waiting whole;
  {
    const std::lock_guard lock(commands_mutex_);
    const auto found = commands_.find(command);
    if (found == commands_.end()) return;
    found->second.answers.push_back({is_refusal, std::move(json)});
    if (--found->second.missing > 0) return;
    whole = std::move(found->second);
    commands_.erase(found);
  }
  whole.done(std::move(whole.answers));
}

void Host::ask(std::function<void(Shard&)> question, std::function<void()> done) {
  struct Round {
    std::function<void(Shard&)> question;
    std::function<void()> done;
    std::atomic<std::size_t> missing;
  };
  auto round = std::make_shared<Round>();
  round->question = std::move(question);
  round->done = std::move(done);
  round->missing = shards_.size();
  for (const std::unique_ptr<Shard>& shard : shards_) {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = [round, its = shard.get()] {
      round->question(*its);
      if (round->missing.fetch_sub(1) == 1) round->done();
    };
    shard->inbox().push_one(std::move(post));
  }
}

void Host::ask_home(const std::string& account, std::function<void(Shard&)> question) {
  Post post;
  post.kind = Post::Kind::at_home;
  post.address(account);
  post.extra = std::make_unique<Post::Extra>();
  post.extra->at_home = std::move(question);
  world_.hand_in(std::move(post));
}

}  // namespace hotline
