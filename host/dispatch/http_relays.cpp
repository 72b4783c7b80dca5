#include "dispatch/http_relays.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dispatch/shard.h"
#include "net/ascii.h"

namespace hotline {

namespace {

constexpr std::size_t body_waiting_max = 256u << 10;  // Of one request, beyond what its node was given.
constexpr std::size_t answer_ahead_max = 128u << 10;  // Of one answer, that its peer has not taken.
constexpr std::uint64_t body_progress = 64u << 10;    // So much has to come within http.body_seconds.

// What is about the connection to the node, and not about the answer (RFC 9110 7.6.1); and what is ours.
bool is_of_the_answer(const std::string& name, const std::string& value) {
  constexpr std::array<std::string_view, 10> others = {
      "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Server",
      "TE",         "Trailer",    "Transfer-Encoding",  "Upgrade",          "Date"};
  return is_http_field(name, value) && std::none_of(others.begin(), others.end(), [&](std::string_view each) {
           return equal_ignoring_case(name, each);
         });
}

}  // namespace

void HttpRelays::begin(std::uint64_t request, RelayRequest wanted) {
  const std::uint32_t its_shard = HttpRequests::shard_of(request);
  if (its_shard != shard_.number && its_shard < shard_.world.shards) {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = [&there = *shard_.world.all[its_shard], request, wanted = std::move(wanted)] {
      there.relays.begin(request, wanted);
    };
    return shard_.post_to(its_shard, std::move(post));
  }
  const HttpRequests::Facts facts = shard_.requests.facts(request);
  if (!facts.is_waiting || passed_.contains(request)) return;
  if (facts.was_relayed)
    return refuse(request, 502, "This was passed on already: two nodes take each other for its owner.");
  wanted.body_bytes = facts.body_bytes;
  if (facts.is_head) wanted.method = "HEAD";
  wanted.taker = shard_.requests.taker_of(request);
  Passed& passed = passed_[request];
  passed.node = wanted.node;
  passed.body_bytes = wanted.body_bytes;
  const FairPlaces::Outcome place = shard_.world.relay->begin(request, std::move(wanted), events_of(request));
  if (place != FairPlaces::Outcome::taken) shard_.requests.turn_away(request, place);
}

RelayEvents HttpRelays::events_of(std::uint64_t request) {
  const auto here = [&shard = shard_](std::function<void()> call) {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = std::move(call);
    shard.inbox().push_one(std::move(post));
  };
  return {
      .wants = [this, here, request] { here([this, request] { wants(request); }); },
      .answer =
          [this, here, request](const RelayAnswer& answer) {
            here([this, request, answer] { answered(request, answer); });
          },
      .part =
          [this, here, request](std::string bytes) {
            here([this, request, bytes = std::move(bytes)] { came(request, bytes); });
          },
      .ended = [this, here, request](RelayEnd end) { here([this, request, end] { ended(request, end); }); }};
}

// ---- to the node

void HttpRelays::wants(std::uint64_t request) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  Passed& passed = found->second;
  passed.is_wanted = true;
  if (std::exchange(passed.has_body_begun, true)) return go_on(request, passed);
  if (!shard_.requests.begin_body(request, passed.body_bytes))
    refuse(request, 500, "This request has no body that could be passed on.");
}

void HttpRelays::part(std::uint64_t request, std::string_view bytes) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  Passed& passed = found->second;
  passed.bytes += bytes.size();
  if (passed.bytes >= body_progress) {
    passed.bytes = 0;
    shard_.requests.await_body(request);
  }
  passed.waiting.append(bytes);
  if (passed.waiting.size() >= body_waiting_max) shard_.requests.hold(request);
  go_on(request, passed);
}

// All of it has come; what waits is given as it is wanted.
void HttpRelays::end(std::uint64_t request) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  found->second.is_ended = true;
  go_on(request, found->second);
}

void HttpRelays::go_on(std::uint64_t request, Passed& passed) {
  if (!passed.is_wanted || passed.waiting.empty()) return;
  passed.is_wanted = false;
  shard_.world.relay->give(request, std::exchange(passed.waiting, {}));
  if (!passed.is_ended) shard_.requests.release(request);
}

// ---- from the node

void HttpRelays::answered(std::uint64_t request, RelayAnswer answer) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  HttpResponse response;
  response.status = answer.status;
  response.length = answer.length;
  for (auto& [name, value] : answer.fields)
    if (is_of_the_answer(name, value)) response.fields.push_back({std::move(name), std::move(value)});
  found->second.has_answer = true;
  found->second.left = answer.length;
  static_cast<void>(shard_.requests.begin_answer(request, response));
  end_early(request, found->second);
}

void HttpRelays::came(std::uint64_t request, const std::string& bytes) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  found->second.written += bytes.size();
  found->second.left -= std::min<std::uint64_t>(found->second.left, bytes.size());
  shard_.requests.write_body(request, bytes);
  end_early(request, found->second);
}

// A node that has answered before it had all of a body does not want the rest.
void HttpRelays::end_early(std::uint64_t request, const Passed& passed) {
  if (passed.left > 0 || passed.body_bytes == 0 || passed.is_ended) return;
  passed_.erase(request);
  shard_.world.relay->drop(request);
  shard_.requests.end_answer(request);
}

void HttpRelays::flushed(std::uint64_t request) {
  const auto found = passed_.find(request);
  if (found == passed_.end() || found->second.written == 0) return;
  if (shard_.requests.waiting_bytes(request) > answer_ahead_max) return;
  shard_.world.relay->taken(request, std::exchange(found->second.written, 0));
}

void HttpRelays::ended(std::uint64_t request, RelayEnd end) {
  const auto found = passed_.find(request);
  if (found == passed_.end()) return;
  const std::string node = found->second.node;
  const bool has_answer = found->second.has_answer;
  passed_.erase(found);
  if (end == RelayEnd::done) return shard_.requests.end_answer(request);
  if (has_answer) return shard_.requests.abandon(request);
  if (end == RelayEnd::late) return refuse(request, 504, "The node " + node + " does not answer.");
  refuse(request, 502, "The node " + node + " cannot be reached, or is none.");
}

void HttpRelays::refuse(std::uint64_t request, unsigned status, const std::string& why) {
  shard_.requests.respond(request, http_problem(status, why));  // Which drops it here.
}

void HttpRelays::drop(std::uint64_t request) {
  if (passed_.erase(request) > 0) shard_.world.relay->drop(request);
}

}  // namespace hotline
