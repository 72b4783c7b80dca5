#include "preflight/contract.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/heap.h"
#include "preflight/call_bound.h"
#include "preflight/effects.h"
#include "preflight/hostile_events.h"
#include "preflight/rehearsed_rows.h"
#include "push/fault.h"

namespace hotline::preflight {

namespace {

constexpr int instance_rounds = 8;  // So often an instance is made and destroyed before memory is looked at.
constexpr int instance_looks_max = 12;
constexpr std::uint64_t left_bytes_max = 16;
constexpr std::uint64_t calls_failed_max = 200;  // Of one event.
constexpr std::size_t cuts_a_row = 256;          // Of one row.
constexpr std::size_t random_prepared = 64;

bool is_fault(sdk::Status status) {
  return status != HL_OK && status != HL_E_NONE;
}

// The same "random" bytes for the next calls, whatever was drawn before: so that runs can be compared.
void prepare_random(sdk::FakeHost& host) {
  host.random.clear();
  for (std::size_t i = 0; i < random_prepared; ++i) {
    std::string bytes(64, static_cast<char>('A' + i % 26));
    bytes.replace(0, 4, std::to_string(1000 + i));
    host.random.push_back(std::move(bytes));
  }
}

// Nothing: the fake host itself had no such stream or session any more.
std::string effects_after(Stage& stage, const SyntheticEvent& event) {
  prepare_random(stage.host);
  try {
    (void)stage.offer(event);
  } catch (const std::out_of_range&) {
    return "the event could not be made";
  }
  return effects_of(stage.host.state());
}

std::string charged(const SyntheticEvent& event, sdk::Status status, const sdk::FakeHost& host) {
  return event.name + " was answered with " + status_name(status) + ", which is charged as a fault" +
         logged(host);
}

}  // namespace

Contract::Contract(PreflightRequest request, Manifest manifest, Steps::Say say)
    : request_(std::move(request)), manifest_(std::move(manifest)), steps_(std::move(say)) {}

Contract::Clause Contract::clause_of(const std::string& name) {
  const std::array<std::pair<const char*, Clause>, 7> clauses{{{"instances", &Contract::try_instances},
                                                               {"capabilities", &Contract::try_capabilities},
                                                               {"failures", &Contract::try_failures},
                                                               {"hostile", &Contract::try_hostile},
                                                               {"same", &Contract::try_same},
                                                               {"renewal", &Contract::try_renewal},
                                                               {"rows", &Contract::try_rows}}};
  const auto* const found =
      std::ranges::find(clauses, name, [](const auto& each) { return std::string(each.first); });
  return found == clauses.end() ? nullptr : found->second;
}

PreflightVerdict Contract::run() {
  const Clause clause = clause_of(request_.clause);
  if (clause == nullptr) {
    PreflightVerdict verdict;
    verdict.refusal = "there is no clause `" + request_.clause + "`";
    return verdict;
  }
  return attempt(request_, manifest_, steps_,
                 [&](Generation& generation, PreflightVerdict&) { return (this->*clause)(generation); });
}

std::string Contract::set(Stage& stage, const Generation& generation) {
  const CallBound bound(bound_us(generation));
  prepare_random(stage.host);
  if (const sdk::Status status = stage.host.try_load(generation.entry()); status != HL_OK)
    return "create answered " + status_name(status) + logged(stage.host);
  stage.set();
  return {};
}

// Made and destroyed again and again, and two at once that know nothing of one another.
std::string Contract::try_instances(Generation& generation) {
  steps_.take("create and destroy, " + std::to_string(instance_rounds) + " times");
  const auto bytes_after = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const CallBound bound(bound_us(generation));
      sdk::FakeHost host;
      configure(host, request_.facts);
      if (host.try_load(generation.entry()) != HL_OK) return std::uint64_t{0};
    }
    return heap_figures().used_bytes;
  };
  // The allocator keeps some of what was freed, until it has enough of each size: growth that ends is none.
  std::uint64_t growth = ~std::uint64_t{0};
  std::uint64_t before = bytes_after(instance_rounds);
  for (int i = 0; i < instance_looks_max && growth > left_bytes_max; ++i) {
    const std::uint64_t after = bytes_after(instance_rounds);
    growth = after > before ? (after - before) / instance_rounds : 0;
    before = after;
  }
  if (growth > left_bytes_max)
    return "an instance leaves about " + std::to_string(growth) +
           " bytes behind; free in destroy what create allocated";
  Stage alone(manifest_, request_.facts), beside(manifest_, request_.facts), other(manifest_, request_.facts);
  for (Stage* const stage : {&alone, &beside, &other})
    if (std::string wrong = set(*stage, generation); !wrong.empty()) return wrong;
  for (std::size_t i = 0; i < alone.events.size(); ++i) {
    steps_.take(alone.events[i].name + ", with a second instance");
    const CallBound bound(bound_us(generation) * 3);
    for (Stage* const stage : {&alone, &beside, &other}) stage->rewind();
    const std::string expected = effects_after(alone, alone.events[i]);
    (void)effects_after(other, other.events[i]);
    if (effects_after(beside, beside.events[i]) != expected)
      return alone.events[i].name +
             " has other effects when another instance had the same event before; keep nothing in globals, "
             "and "
             "in the instance what is its own";
  }
  return {};
}

// Without a capability it needs it says so, without one it wants it lives.
std::string Contract::try_capabilities(Generation& generation) {
  for (const std::string& need : manifest_.needs) {
    steps_.take("create without " + need);
    const CallBound bound(bound_us(generation));
    sdk::FakeHost host;
    configure(host, request_.facts);
    host.missing.insert(need);
    if (const sdk::Status status = host.try_load(generation.entry()); is_fault(status))
      return "create answered " + status_name(status) + " without " + need + "; answer HL_E_NONE" +
             logged(host);
  }
  for (const std::string& want : manifest_.wants) {
    Stage stage(manifest_, request_.facts);
    stage.host.missing.insert(want);
    steps_.take("create without " + want);
    if (std::string wrong = set(stage, generation); !wrong.empty())
      return std::string("without ")
          .append(want)
          .append(", which it only wants, ")
          .append(wrong)
          .append("; say `needs`, or do without");
    for (const SyntheticEvent& event : stage.events) {
      steps_.take(event.name + ", without " + want);
      const CallBound bound(bound_us(generation));
      stage.rewind();
      if (const sdk::Status status = stage.offer(event); is_fault(status))
        return "without " + want + ", which it only wants, " + charged(event, status, stage.host) +
               "; say `needs`, or do without";
    }
  }
  return {};
}

std::string Contract::try_failures(Generation& generation) {
  Stage stage(manifest_, request_.facts);
  if (std::string wrong = set(stage, generation); !wrong.empty()) return wrong;
  for (const SyntheticEvent& event : stage.events)
    if (std::string wrong = fail_each_call(stage, event, generation); !wrong.empty()) return wrong;
  return {};
}

std::string Contract::fail_each_call(Stage& stage, const SyntheticEvent& event,
                                     const Generation& generation) {
  const auto offer = [&](std::uint64_t number, std::size_t answer) {
    const CallBound bound(bound_us(generation));
    stage.rewind();
    stage.host.failing.let(number, answer);
    return stage.offer(event);
  };
  steps_.take(event.name);
  (void)offer(0, 0);
  const std::uint64_t calls = std::min(stage.host.failing.made, calls_failed_max);
  for (std::uint64_t number = 1; number <= calls; ++number) {
    for (std::size_t answer = 0, answers = 1; answer < answers; ++answer) {
      steps_.take(event.name + ", where call " + std::to_string(number) + " of the host fails");
      const sdk::Status status = offer(number, answer);
      const sdk::fake::FailingCalls& failing = stage.host.failing;
      answers = std::max<std::size_t>(failing.answers, 1);
      // A row that is parked is charged to nobody.
      if (failing.call.empty() || failing.status == HL_E_PARKED || !is_fault(status)) continue;
      return "where " + failing.call + " answered " + status_name(failing.status) + ", " +
             charged(event, status, stage.host) + "; answer the peer, and HL_OK";
    }
  }
  return {};
}

std::string Contract::try_hostile(Generation& generation) {
  Stage stage(manifest_, request_.facts);
  if (std::string wrong = set(stage, generation); !wrong.empty()) return wrong;
  for (const SyntheticEvent& event : hostile_events(manifest_, stage.cast())) {
    steps_.take(event.name);
    const CallBound bound(bound_us(generation));
    stage.rewind();
    if (const sdk::Status status = stage.offer(event); is_fault(status))
      return charged(event, status, stage.host) + "; answer the peer, and HL_OK";
  }
  for (const SyntheticEvent& event : damaged_events(manifest_, stage.cast())) {
    steps_.take(event.name);
    const CallBound bound(bound_us(generation));
    stage.rewind();
    (void)stage.offer(event);
  }
  return damage_rows(stage, generation);
}

// The rows that an event wrote are cut short or spoilt, and the event comes again.
std::string Contract::damage_rows(Stage& stage, const Generation& generation) {
  for (const SyntheticEvent& event : stage.events) {
    steps_.take(event.name + ", on rows that are damaged");
    stage.rewind();
    (void)stage.offer(event);
    const auto written = stage.host.state().tables;
    for (const std::string& spoilt :
         {std::string(), std::string("\xff\x00\xfe", 3), std::string(10'000, '9')}) {
      const CallBound bound(bound_us(generation));
      stage.rewind();
      for (const auto& [table, accounts] : written)
        for (const auto& [account, rows] : accounts)
          for (const auto& [key, value] : rows)
            stage.host.state().tables[table][account][key] =
                spoilt.empty() ? value.substr(0, value.size() / 2) : spoilt;
      (void)stage.offer(event);
    }
  }
  return {};
}

// The same events at the same time have the same effects: what a module does comes from what it is given.
std::string Contract::try_same(Generation& generation) {
  Stage first(manifest_, request_.facts), second(manifest_, request_.facts);
  for (Stage* const stage : {&first, &second})
    if (std::string wrong = set(*stage, generation); !wrong.empty()) return wrong;
  for (std::size_t i = 0; i < first.events.size(); ++i) {
    steps_.take(first.events[i].name + ", twice");
    const CallBound bound(bound_us(generation) * 2);
    first.rewind();
    second.rewind();
    if (effects_after(first, first.events[i]) != effects_after(second, second.events[i]))
      return first.events[i].name +
             " has other effects the second time, with the same rows, clock and random bytes; take time and "
             "chance "
             "from hotline.clock/1 and hotline.random/1, and leave nothing uninitialised";
  }
  return {};
}

// Two events in a row: whether the instance is another one at the second must make no difference.
std::string Contract::try_renewal(Generation& generation) {
  Stage kept(manifest_, request_.facts), renewed(manifest_, request_.facts);
  for (Stage* const stage : {&kept, &renewed})
    if (std::string wrong = set(*stage, generation); !wrong.empty()) return wrong;
  for (std::size_t i = 0; i < kept.events.size(); ++i) {
    for (const std::size_t next : {i, (i + 1) % kept.events.size()}) {
      steps_.take(kept.events[next].name + ", on a new instance");
      const CallBound bound(bound_us(generation) * 4);
      kept.rewind();
      renewed.rewind();
      (void)effects_after(kept, kept.events[i]);
      (void)effects_after(renewed, renewed.events[i]);
      prepare_random(renewed.host);
      renewed.host.renew();
      if (effects_after(kept, kept.events[next]) != effects_after(renewed, renewed.events[next]))
        return kept.events[next].name + " has other effects on an instance that was made anew after " +
               kept.events[i].name + "; keep in rows, timers and fields what must not be missed";
    }
  }
  return {};
}

// Rows that its own events wrote: down to each older schema, up again and down again, which must be equal;
// and cut at every length.
std::string Contract::try_rows(Generation& generation) {
  if (generation.entry().convert == nullptr) return {};
  Stage stage(manifest_, request_.facts);
  if (std::string wrong = set(stage, generation); !wrong.empty()) return wrong;
  std::vector<SampleRow> written;
  for (const SyntheticEvent& event : stage.events) {
    stage.rewind();
    (void)effects_after(stage, event);
    for (const auto& [table, accounts] : stage.host.state().tables)
      if (const TableClaim* const claim = manifest_.table(table))
        for (const auto& [account, rows] : accounts)
          for (const auto& [key, value] : rows)
            if (written.size() < RehearsedRows::written_max) written.push_back({table, claim->writes, value});
  }
  RehearsedRows rows(generation, [this](const std::string& name) { steps_.take(name); });
  return rows.run_own(written, cuts_a_row);
}

}  // namespace hotline::preflight
