// calls_bench: what it costs that a call into a module is guarded, found and a transaction. No sockets.
//
//   calls_bench [--json] [CALLS [ROUNDS]]       default: 500000 15
//
// An empty function of a module is called through the host's own path (dispatch/calls: the set, the
// transaction, the guard, the meter, the safepoint), and through the plain pointer. Rounds of both are
// interleaved. CPU nanoseconds a call on this thread: median, least in brackets. The route's look-up, which
// stanzas have before it, stands in a line of its own, and so does the guard alone.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "push/guard.h"
#include "unit/dispatch/sim_world.h"

namespace {

using namespace hotline;

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct Way {
  const char* name;
  std::function<void(int calls)> run;
  std::vector<double> ns = {};

  double median() const { return ns[ns.size() / 2]; }
};

void measure(std::vector<Way>& ways, int calls, int rounds) {
  for (Way& way : ways) way.run(calls / 10);  // Warm.
  for (int round = 0; round < rounds; ++round)
    for (Way& way : ways) {
      const double before = cpu_ns();
      way.run(calls);
      way.ns.push_back((cpu_ns() - before) / calls);
    }
  for (Way& way : ways) std::sort(way.ns.begin(), way.ns.end());
}

}  // namespace

int main(int argc, char** argv) {
  const bool wants_json = argc > 1 && std::string_view(argv[1]) == "--json";
  if (wants_json) {
    --argc;
    ++argv;
  }
  const int calls = argc > 1 ? std::atoi(argv[1]) : 500'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 15;
  if (calls < 10 || rounds < 1) {
    std::fprintf(stderr, "calls_bench: 10 calls and 1 round are the least\n");
    return 2;
  }
  sim::SimWorld world({.shards = 1, .modules = {HOTLINE_EMPTY_MODULE}});
  Calls& path = world.host().shard(0).calls;
  const ServingSet& set = *path.live().current;
  const auto found = std::ranges::find_if(
      set.modules, [](const CalledModule& each) { return each.entry.on_timer != nullptr; });
  if (found == set.modules.end()) {
    std::fprintf(stderr, "calls_bench: %s\n", world.last_refusal.c_str());
    return 2;
  }
  const CalledModule& module = *found;
  const auto number = static_cast<std::uint16_t>(found - set.modules.begin());
  const std::string account = "anna@localhost", key = "key", bytes = "bytes";
  const hl_timer_event event{.size = sizeof(hl_timer_event),
                             .reserved = 0,
                             .account = to_str(account),
                             .key = to_str(key),
                             .bytes = to_str(bytes)};
  std::int64_t sum = 0;
  FaultCause cause;
  std::vector<Way> ways = {
      {"plain call",
       [&](int count) {
         for (int i = 0; i < count; ++i) sum += module.entry.on_timer(module.instance, &event);
       }},
      {"guard alone",
       [&](int count) {
         for (int i = 0; i < count; ++i)
           sum += guarded(module.generation->code(), EventKind::timer, cause,
                          [&] { return module.entry.on_timer(module.instance, &event); });
       }},
      {"guard, dispatch and transaction",
       [&](int count) {
         for (int i = 0; i < count; ++i) path.timer(number, account, key, bytes);
       }},
      {"route of a stanza",
       [&](int count) {
         for (int i = 0; i < count; ++i)
           sum += set.routes->lookup(Stanza::Kind::iq, "urn:example:empty", AddressClass::self, When::bound);
       }},
  };
  measure(ways, calls, rounds);
  const Way& plain = ways[0];
  const Way& whole = ways[2];
  if (wants_json) {
    std::printf(
        "{\"plain_ns\": %.2f, \"guard_ns\": %.2f, \"call_ns\": %.2f, \"route_ns\": %.2f, \"over_plain_ns\": "
        "%.2f}\n",
        plain.median(), ways[1].median(), whole.median(), ways[3].median(), whole.median() - plain.median());
  } else {
    for (const Way& way : ways)
      std::printf("%-32s %8.1f ns (%.1f)\n", way.name, way.median(), way.ns.front());
    std::printf("%-32s %8.1f ns (%.1f), %.0f times a plain call; to be reached: at most 60 ns\n",
                "over a plain call", whole.median() - plain.median(), whole.ns.front() - plain.ns.front(),
                whole.median() / plain.median());
  }
  return sum < 0 ? 2 : 0;
}
