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
    : barrier_(std::move(barrier)), routes_(std::make_shared<const RouteTable>()) {
  world_.shards = settings.shards;
  world_.clock = parts.clock;
  world_.random = parts.random;
  world_.store = parts.store;
  world_.work_pool = parts.work_pool;
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
  message_id_ = world_.store->message_id_max();
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
  Result<void> destroyed = generation.destroy_instances();
  const std::lock_guard lock(staged_mutex_);
  staged_.erase(&generation);
  return destroyed;
}

CalledModule Host::called(const Generation& generation, const Generation* newer, std::size_t shard) const {
  CalledModule module;
  module.generation = &generation;
  module.instance = generation.instance(shard);
  module.context = staged_.at(&generation)[shard].get();
  module.entry = generation.entry();
  module.resident.push_back(&generation);
  if (newer != nullptr) module.resident.push_back(newer);
  return module;
}

LiveTarget::Outcome Host::go_live(std::span<const Part> set, std::shared_ptr<const RouteTable> routes) {
  // Everything is prepared here; under the barrier it is only put in place.
  std::string features;
  for (const std::string& feature : routes->features()) features.append(feature).append("\n");
  std::vector<LiveSet> next(shards_.size());
  {
    const std::lock_guard lock(staged_mutex_);
    ++last_live_set_;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      next[i].routes = routes;
      next[i].features = features;
      next[i].number = last_live_set_;
      next[i].modules.resize(modules_.size());
      next[i].previous.resize(modules_.size());
      for (const Part& part : set) {
        const std::uint16_t number = modules_.number(part.generation->manifest().name);
        next[i].numbers.push_back(number);
        next[i].modules[number] = called(*part.generation, part.newer, i);
        if (part.previous != nullptr)
          next[i].previous[number] =
              called(*part.previous, part.newer != nullptr ? part.newer : part.generation, i);
        for (const TableClaim& table : part.generation->manifest().tables) {
          stored_schemas_[table.name].insert(table.writes);
          const std::uint32_t place = tables_.number(table.name);
          if (next[i].tables.size() <= place) next[i].tables.resize(place + 1u);
          next[i].tables[place] = {number, &table};
        }
      }
    }
  }
  const Safepoint::Outcome outcome = barrier_([this, &next] {
    for (std::size_t i = 0; i < shards_.size(); ++i) std::swap(shards_[i]->calls.live(), next[i]);
  });
  if (outcome.swapped) {
    const std::lock_guard lock(staged_mutex_);
    routes_ = std::move(routes);
  }
  // An idle shard has rows to convert too.
  if (outcome.swapped) ask([](Shard&) {}, [] {});
  return {outcome.swapped, outcome.pause_us_max, outcome.attempts};
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
    shards_[world_.home_of(account)]->inbox().push_one(make());
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
  Shard* home = shards_[world_.home_of(account)].get();
  Post post;
  post.kind = Post::Kind::call;
  post.extra = std::make_unique<Post::Extra>();
  post.extra->call = [home, question = std::move(question)] { question(*home); };
  home->inbox().push_one(std::move(post));
}

}  // namespace hotline
