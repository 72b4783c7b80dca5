// Host's part in a push: which sets of modules are on the shards. Everything is prepared on the pipeline's
// thread; under the barrier it is only put in place.
#include <algorithm>

#include "base/log.h"
#include "base/resident_bytes.h"
#include "dispatch/host.h"

namespace hotline {

namespace {

constexpr std::uint32_t measure_some = 16;
// Sets that were left and have not ended what they began. So many in so short a time, and they go: what they
// had under way is then handled by who serves the account.
constexpr std::size_t left_max = 8;

void add_new(std::vector<const Generation*>& all, const Generation* one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// Those of another time may have gone: it has itself, and what is resident now.
void set_resident(ServingSet& set, const std::vector<std::vector<const Generation*>>& companions) {
  for (std::vector<CalledModule>* modules : {&set.modules, &set.previous})
    for (std::size_t i = 0; i < modules->size(); ++i) {
      CalledModule& module = (*modules)[i];
      if (module.generation == nullptr) continue;
      module.resident.assign(1, module.generation);
      if (i >= companions.size()) continue;
      for (const Generation* each : companions[i]) add_new(module.resident, each);
    }
}

CallFigures sum_of(const Generation& generation,
                   const std::vector<std::unique_ptr<ModuleContext>>& contexts) {
  CallFigures figures;
  figures.faults = generation.charged()->faults();
  figures.memory_bytes = generation.memory().bytes;
  for (const std::unique_ptr<ModuleContext>& context : contexts) {
    const CallMeter& meter = context->meter;
    figures.calls += meter.calls.get();
    figures.errors += meter.errors.get();
    figures.measured += meter.measured.get();
    figures.time_ns += meter.time_ns.counts();
  }
  return figures;
}

template <typename Do>
void for_each_set(LiveSet& live, const Do& act) {
  if (live.current != nullptr) act(*live.current);
  if (live.candidate != nullptr) act(*live.candidate);
  for (const std::unique_ptr<ServingSet>& set : live.left) act(*set);
}

}  // namespace

Host::KnownSet Host::KnownSet::of(const ServedSet& set, std::uint32_t number) {
  KnownSet known{.number = number, .generations = {}};
  for (const Part& part : set.parts)
    if (!part.is_disabled) known.generations.push_back(part.generation);
  return known;
}

bool Host::KnownSet::is_of(const ServedSet& set) const {
  const std::vector<const Generation*> others = of(set, 0).generations;
  return number != 0 && generations.size() == others.size() &&
         std::all_of(others.begin(), others.end(), [this](const Generation* each) { return has(*each); });
}

bool Host::KnownSet::has(const Generation& generation) const {
  return std::find(generations.begin(), generations.end(), &generation) != generations.end();
}

CalledModule Host::called(const Generation& generation, std::size_t shard) const {
  CalledModule module;
  module.generation = &generation;
  module.instance = generation.instance(shard);
  module.context = staged_.at(&generation)[shard].get();
  module.entry = generation.entry();
  module.resident.push_back(&generation);
  return module;
}

Host::SetOfShards Host::make_set(const ServedSet& set, std::uint32_t number) {
  std::string features;
  for (const std::string& feature : set.routes->features()) features.append(feature).append("\n");
  std::string services;
  for (const std::string& service : set.routes->services()) services.append(service).append("\n");
  SetOfShards made;
  const std::lock_guard lock(staged_mutex_);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto its = std::make_unique<ServingSet>();
    its->number = number;
    its->routes = set.routes;
    its->features = features;
    its->services = services;
    its->modules.resize(modules_.size());
    its->previous.resize(modules_.size());
    for (const Part& part : set.parts) {
      const std::uint16_t module = modules_.number(part.generation->manifest().name);
      its->numbers.push_back(module);
      if (part.is_disabled) continue;
      its->modules[module] = called(*part.generation, i);
      if (part.previous != nullptr) its->previous[module] = called(*part.previous, i);
      for (const TableClaim& table : part.generation->manifest().tables) {
        const std::uint32_t place = tables_.number(table.name);
        if (its->tables.size() <= place) its->tables.resize(place + 1u);
        its->tables[place] = {module, &table};
      }
    }
    made.push_back(std::move(its));
  }
  return made;
}

void Host::will_write(const ServedSet& set) {
  const std::lock_guard lock(staged_mutex_);
  for (const Part& part : set.parts)
    for (const TableClaim& table : part.generation->manifest().tables)
      stored_schemas_[table.name].insert(table.writes);
}

std::vector<std::unique_ptr<ShadowSet>> Host::make_shadow(const Serving& serving, std::uint32_t number) {
  std::vector<std::unique_ptr<ShadowSet>> made(shards_.size());
  if (serving.shadow.parts.empty()) return made;
  // It reads what the current set writes, and writes nothing for anybody to read.
  const Companions resident = companions({&serving.current, &serving.shadow});
  SetOfShards sets = make_set(serving.shadow, number);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    set_resident(*sets[i], resident);
    made[i] = std::make_unique<ShadowSet>(std::move(sets[i]), serving.tally);
  }
  return made;
}

// Whatever becomes of the barrier: some shard may know them from now on.
void Host::remember(const Serving& serving) {
  for (const ServedSet* set : {&serving.current, &serving.candidate, &serving.shadow})
    for (const Part& part : set->parts)
      for (const Generation* each : {part.generation, part.newer, part.previous})
        if (each != nullptr) on_shards_.insert(each);
}

// Sets serve side by side on the same rows: each may need the code of the others to read what they wrote.
Host::Companions Host::companions(std::initializer_list<const ServedSet*> sets) {
  Companions all(modules_.size());
  for (const ServedSet* set : sets)
    for (const Part& part : set->parts)
      for (const Generation* generation : {part.generation, part.newer})
        if (generation != nullptr) add_new(all[modules_.number(generation->manifest().name)], generation);
  return all;
}

LiveTarget::Outcome Host::serve(const Serving& serving) {
  const auto known = [&](const ServedSet& set) { return KnownSet::of(set, ++last_set_); };
  KnownSet current, candidate, shadow;
  SetOfShards new_current, new_candidate;
  const bool stays = current_.is_of(serving.current);
  const bool is_promoted = !stays && candidate_.is_of(serving.current);
  if (stays || is_promoted) {
    current = stays ? current_ : candidate_;
  } else {
    current = known(serving.current);
    new_current = make_set(serving.current, current.number);
  }
  const bool is_kept =
      !is_promoted && !serving.candidate.parts.empty() && candidate_.is_of(serving.candidate);
  if (is_kept) {
    candidate = candidate_;
  } else if (!serving.candidate.parts.empty()) {
    candidate = known(serving.candidate);
    new_candidate = make_set(serving.candidate, candidate.number);
  }
  if (!serving.shadow.parts.empty()) shadow = known(serving.shadow);
  std::vector<std::unique_ptr<ShadowSet>> shadows = make_shadow(serving, shadow.number);
  const bool keeps_left = serving.under_way == UnderWay::ends_where_it_began;
  const bool is_other_code = !stays || candidate.number != candidate_.number;
  const std::uint32_t live_number = last_live_ + (is_other_code ? 1 : 0);
  const Companions resident = companions({&serving.current, &serving.candidate});

  SetOfShards gone;  // Destroyed after the barrier.
  const Safepoint::Outcome outcome = barrier_(
      [&] {
        drop_left([this](const KnownSet& set) { return has_ended(set.number) || left_.size() >= left_max; },
                  gone);
        for (std::size_t i = 0; i < shards_.size(); ++i) {
          LiveSet& live = shards_[i]->calls.live();
          const auto leave = [&](std::unique_ptr<ServingSet>& set) {
            if (set != nullptr && set->number != 0) (keeps_left ? live.left : gone).push_back(std::move(set));
          };
          if (!stays) {
            leave(live.current);
            live.current.swap(is_promoted ? live.candidate : new_current[i]);
          }
          if (!is_kept) {
            leave(live.candidate);
            live.candidate = candidate.number == 0 ? nullptr : std::move(new_candidate[i]);
          }
          live.shadow.swap(shadows[i]);
          live.number = live_number;
          live.share = serving.share;
          live.measure_every = serving.measures_all ? 1 : measure_some;
          for_each_set(live, [&resident](ServingSet& set) { set_resident(set, resident); });
        }
      },
      serving.haste);
  remember(serving);
  if (!outcome.swapped) return {false, outcome.pause_us_max, outcome.attempts};
  // Not before: no row is of a schema whose code never served, and a push would be refused for it.
  will_write(serving.current);
  will_write(serving.candidate);
  if (keeps_left) {
    if (!stays && current_.number != 0) left_.push_back(current_);
    if (!is_kept && !is_promoted && candidate_.number != 0) left_.push_back(candidate_);
  }
  current_ = std::move(current);
  candidate_ = std::move(candidate);
  shadow_ = std::move(shadow);
  last_live_ = live_number;
  {
    const std::lock_guard lock(staged_mutex_);
    routes_ = serving.current.routes;
  }
  // An idle shard has rows to convert too.
  if (is_other_code) ask([](Shard&) {}, [] {});
  return {true, outcome.pause_us_max, outcome.attempts};
}

// Under the barrier: what it posted has all been run.
bool Host::has_ended(std::uint32_t number) const {
  std::uint64_t posted = 0, run = 0;
  for (const std::unique_ptr<Shard>& shard : shards_)
    for (const std::unique_ptr<ServingSet>& set : shard->calls.live().left)
      if (set->number == number) {
        posted += set->posted;
        run += set->posts_run;
      }
  return posted == run;
}

void Host::drop_left(const std::function<bool(const KnownSet&)>& goes, SetOfShards& gone) {
  std::vector<std::uint32_t> dropped;
  for (const KnownSet& set : left_)
    if (goes(set)) dropped.push_back(set.number);
  const auto is_dropped = [&dropped](std::uint32_t number) {
    return std::find(dropped.begin(), dropped.end(), number) != dropped.end();
  };
  for (const std::unique_ptr<Shard>& shard : shards_) {
    std::vector<std::unique_ptr<ServingSet>>& left = shard->calls.live().left;
    for (std::unique_ptr<ServingSet>& set : left)
      if (is_dropped(set->number)) gone.push_back(std::move(set));
    std::erase(left, nullptr);
  }
  std::erase_if(left_, [&](const KnownSet& set) { return is_dropped(set.number); });
}

// Its instances go: no set on a shard may know it any more. What served with it, and was left, goes too.
void Host::forget(const Generation& generation) {
  if (on_shards_.erase(&generation) == 0) return;  // It never served.
  SetOfShards gone;
  std::vector<std::unique_ptr<ShadowSet>> shadows_gone;
  const auto let_go = [&] {
    const bool is_candidate = candidate_.has(generation);
    if (is_candidate) candidate_ = {};
    const bool is_shadow = shadow_.has(generation);
    if (is_shadow) shadow_ = {};
    drop_left([&](const KnownSet& set) { return set.has(generation) || has_ended(set.number); }, gone);
    for (const std::unique_ptr<Shard>& shard : shards_) {
      if (is_candidate) gone.push_back(std::move(shard->calls.live().candidate));
      if (is_shadow) shadows_gone.push_back(std::move(shard->calls.live().shadow));
      for_each_set(shard->calls.live(), [&generation](ServingSet& set) {
        for (CalledModule& module : set.modules) std::erase(module.resident, &generation);
        for (CalledModule& module : set.previous) {
          std::erase(module.resident, &generation);
          if (module.generation == &generation) module = {};
        }
      });
    }
  };
  // Whatever keeps a shard: as long as one may run its code, it must not go.
  while (!barrier_(let_go, Haste::ordinary).swapped)
    log::error("retire.waits", {{"module", generation.manifest().name},
                                {"version", generation.manifest().version.text()},
                                {"why", "a shard is stuck in a call"}});
}

bool Host::is_owed(const Generation& generation) {
  if (left_.empty()) return false;
  SetOfShards gone;
  barrier_([&] { drop_left([this](const KnownSet& set) { return has_ended(set.number); }, gone); },
           Haste::ordinary);
  return std::any_of(left_.begin(), left_.end(), [&](const KnownSet& set) { return set.has(generation); });
}

CallFigures Host::figures(const Generation& generation) {
  const std::lock_guard lock(staged_mutex_);
  const auto found = staged_.find(&generation);
  return found == staged_.end() ? CallFigures{} : sum_of(generation, found->second);
}

std::map<std::string, CallFigures> Host::figures_by_build() {
  std::map<std::string, CallFigures> figures;
  const std::lock_guard lock(staged_mutex_);
  for (const auto& [generation, contexts] : staged_)
    figures[generation->build_id()] = sum_of(*generation, contexts);
  return figures;
}

HostFigures Host::host_figures() {
  HostFigures figures{.queued = 0, .memory_bytes = resident_bytes()};
  for (const std::unique_ptr<Shard>& shard : shards_) figures.queued += shard->inbox().size();
  return figures;
}

}  // namespace hotline
