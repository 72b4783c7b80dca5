#include "dispatch/http_requests.h"

#include <utility>

#include "base/log.h"
#include "dispatch/shard.h"
#include "net/http_framer.h"
#include "outbox/relay.h"

namespace hotline {

namespace {

constexpr std::uint64_t us_per_s = 1'000'000;
constexpr const char* turned_away_s = "10";  // When who found no place may come again.
// Of the places for transfers one address gets one in so many ...
constexpr std::size_t address_parts = 8;
// ... and all nodes together, for which of their clients it is being unknown, one in so many. That a request
// is a node's it says itself: whoever lies gets the nodes' places, and none of those that are left.
constexpr std::size_t nodes_parts = 2;

}  // namespace

HttpRequests::HttpRequests(Shard& shard) : shard_(shard), exchanges_(shard.number) {}

void HttpRequests::begin(Stream& stream) {
  const std::uint32_t head_s = shard_.world.limits.http_head_s;
  shard_.streams.set_deadline(stream, head_s * us_per_s, "connection-timeout",
                              "A request's head has to come within " + std::to_string(head_s) + " s.");
}

void HttpRequests::partial(Stream& stream) {
  if (stream.request == nullptr && stream.exchange == 0) begin(stream);
}

// Whether the request was meant for this host: its domain or a name below it. A peer on this machine may also
// say where it found it.
bool HttpRequests::is_here(const Stream& stream, std::string_view host) const {
  const std::string_view domain = shard_.world.settings.domain;
  if (host == domain) return true;
  if (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.')
    return true;
  return stream.is_loopback && (host == "localhost" || host == "[::1]" || host.starts_with("127."));
}

void HttpRequests::head(Stream& stream, std::unique_ptr<HttpRequest> request) {
  shard_.counters.http_requests.add();
  if (request->method == "HEAD") {
    stream.is_head_request = true;
    request->method = "GET";
  }
  stream.request = std::move(request);
  const HttpRequest& its = *stream.request;
  if (!is_here(stream, its.host))
    return refuse(stream, http_problem(421, "This host serves " + shard_.world.settings.domain + "."));
  const RouteTable::Http route = shard_.calls.live().of(stream.account).routes->http(its.method, its.path);
  if (route.module == no_module) {
    if (route.allowed.empty()) return refuse(stream, http_problem(404, "There is nothing here."));
    HttpResponse response = http_problem(405, "This method is not answered here.");
    response.fields.push_back({"Allow", route.allowed});
    return refuse(stream, response);
  }
  if (!its.has_body) return;
  if (route.takes_head) {
    if (its.content_length) return ask(stream, {}, true);
    return refuse(stream, http_problem(411, "A length is needed here."));
  }
  if (its.content_length > shard_.world.limits.before_login.http_body_bytes_max) return;  // Refused next.
  if (its.awaits_continue) stream.connection->write_bytes("HTTP/1.1 100 Continue\r\n\r\n");
  const std::uint32_t body_s = shard_.world.limits.http_body_s;
  shard_.streams.set_deadline(stream, body_s * us_per_s, "connection-timeout",
                              "A request's body has to come within " + std::to_string(body_s) + " s.");
}

void HttpRequests::body(Stream& stream, std::string body) {
  if (stream.exchange != 0) {  // The end of one that goes elsewhere.
    if (Exchange* exchange = exchanges_.find(stream.exchange)) exchange->is_unread = false;
    stream.connection->hold();
    await_answer(stream);
    shard_.files.end(stream.exchange);
    return shard_.relays.end(stream.exchange);
  }
  if (stream.request == nullptr)  // It was refused at its head.
    return static_cast<HttpFramer&>(stream.connection->framer()).answered();
  ask(stream, std::move(body), false);
}

void HttpRequests::ask(Stream& stream, std::string body, bool is_unread) {
  stream.exchange = exchanges_.reserve();
  auto exchange = std::make_unique<Exchange>();
  exchange->stream = stream.connection->handle;
  exchange->keeps_alive = stream.request->keeps_alive;
  exchange->is_head = std::exchange(stream.is_head_request, false);
  exchange->is_unread = is_unread;
  exchange->awaits_continue = stream.request->awaits_continue;
  exchange->body_bytes = stream.request->content_length.value_or(0);
  exchange->was_relayed = stream.request->field(relayed_field) != nullptr;
  const std::uint64_t number = stream.exchange;
  exchanges_.put(number, std::move(exchange));
  const std::unique_ptr<HttpRequest> request = std::move(stream.request);
  request->body = std::move(body);
  await_answer(stream);
  const std::uint64_t handle = stream.connection->handle;
  shard_.calls.request(stream, number, *request, is_unread);
  Stream* still = shard_.streams.find(handle);
  if (still != nullptr && still->exchange != 0) still->connection->hold();
}

void HttpRequests::await_answer(Stream& stream) {
  shard_.streams.clear_deadline(stream);
  const std::uint64_t due_us = shard_.now_us() + shard_.world.limits.http_answer_s * us_per_s;
  stream.deadline =
      shard_.timers.set(due_us, [this, handle = stream.connection->handle, number = stream.exchange] {
        if (Stream* late = shard_.streams.find(handle)) late->deadline = 0;
        respond(number, http_problem(504, "Nothing answered in time."));
      });
}

void HttpRequests::respond(std::uint64_t request, HttpResponse response) {
  const std::uint32_t its_shard = SlotMap<Exchange>::shard_of(request);
  if (its_shard >= shard_.world.shards) return;
  if (its_shard != shard_.number) {
    Post post;
    post.kind = Post::Kind::call;
    post.extra = std::make_unique<Post::Extra>();
    post.extra->call = [&there = *shard_.world.all[its_shard], request,
                        response = std::move(response)]() mutable {
      there.requests.respond(request, std::move(response));
    };
    return shard_.post_to(its_shard, std::move(post));
  }
  const std::unique_ptr<Exchange> exchange = exchanges_.take(request);
  Stream* stream = exchange == nullptr ? nullptr : shard_.streams.find(exchange->stream);
  if (stream == nullptr) return;
  shard_.files.drop(request);  // Of a module that answers while a body comes.
  shard_.relays.drop(request);
  const bool stays = exchange->keeps_alive && response.status != 504 && !exchange->is_unread;
  const HttpEnd how = stays ? HttpEnd::keep_alive : HttpEnd::close;
  stream->exchange = 0;
  shard_.streams.clear_deadline(*stream);
  write(*stream, response, how, exchange->is_head);
  end(*stream, how);
}

// The next request may come, or there is none.
void HttpRequests::end(Stream& stream, HttpEnd end) {
  if (end == HttpEnd::close) return;
  shard_.streams.set_deadline(stream, shard_.world.limits.http_idle_s * us_per_s, "", "");
  stream.connection->release();
}

void HttpRequests::write(Stream& stream, const HttpResponse& response, HttpEnd end, bool is_head) {
  std::string out;
  append_http_response(out, response, end, is_head, http_date(shard_.wall_ms()));
  Connection& connection = *stream.connection;
  static_cast<HttpFramer&>(connection.framer()).answered();
  connection.write_bytes(out);
  if (end == HttpEnd::close) connection.close({}, {});
}

// What follows on the connection would be a body that nobody reads.
void HttpRequests::refuse(Stream& stream, const HttpResponse& response) {
  const HttpRequest& request = *stream.request;
  const bool stays = request.keeps_alive && !request.has_body;
  const bool is_head = std::exchange(stream.is_head_request, false);
  stream.request.reset();
  shard_.counters.http_refused.add();
  write(stream, response, stays ? HttpEnd::keep_alive : HttpEnd::close, is_head);
  if (stays) shard_.streams.set_deadline(stream, shard_.world.limits.http_idle_s * us_per_s, "", "");
}

void HttpRequests::drop(Stream& stream) {
  if (stream.exchange == 0) return;
  shard_.files.drop(stream.exchange);
  shard_.relays.drop(stream.exchange);
  static_cast<void>(exchanges_.take(std::exchange(stream.exchange, 0)));
}

// ---- bodies to and from files

std::uint32_t HttpRequests::shard_of(std::uint64_t request) {
  return SlotMap<Exchange>::shard_of(request);
}

HttpRequests::Facts HttpRequests::facts(std::uint64_t request) const {
  const Exchange* exchange = exchanges_.find(request);
  if (exchange == nullptr) return {};
  return {true, exchange->is_head, exchange->was_relayed, exchange->body_bytes};
}

PlaceTaker HttpRequests::taker_of(std::uint64_t request) {
  const Exchange* exchange = exchanges_.find(request);
  const Stream* stream = stream_of(request);
  // A proxy on this machine asks for everybody, and limits its clients itself.
  if (stream == nullptr || stream->is_loopback) return {"", 1};
  if (exchange->was_relayed && shard_.world.relay != nullptr) return {"nodes", nodes_parts};
  return {PeerAddress::read(stream->peer(), false).network(), address_parts};
}

void HttpRequests::turn_away(std::uint64_t request, FairPlaces::Outcome why) {
  const Stream* stream = stream_of(request);
  if (stream == nullptr) return;
  const bool is_full = why == FairPlaces::Outcome::full;
  shard_.counters.refused_transfers.add();
  log::debug(
      "http.transfer-refused",
      {{"peer", stream->peer()}, {"reason", is_full ? "all places are taken" : "its share is used up"}});
  HttpResponse response = is_full
                              ? http_problem(503, "Too many files are on their way; try again.")
                              : http_problem(429, "Too many files are on their way to or from this address.");
  response.fields.push_back({"Retry-After", turned_away_s});
  respond(request, std::move(response));
}

Stream* HttpRequests::stream_of(std::uint64_t request) {
  const Exchange* exchange = exchanges_.find(request);
  return exchange == nullptr ? nullptr : shard_.streams.find(exchange->stream);
}

bool HttpRequests::begin_body(std::uint64_t request, std::uint64_t bytes) {
  const Exchange* exchange = exchanges_.find(request);
  Stream* stream = stream_of(request);
  if (stream == nullptr || !exchange->is_unread || exchange->body_bytes != bytes) return false;
  static_cast<HttpFramer&>(stream->connection->framer()).stream_body();
  if (exchange->awaits_continue) stream->connection->write_bytes("HTTP/1.1 100 Continue\r\n\r\n");
  await_body(request);
  stream->connection->release();
  return true;
}

void HttpRequests::await_body(std::uint64_t request) {
  Stream* stream = stream_of(request);
  if (stream == nullptr) return;
  const std::uint32_t body_s = shard_.world.limits.http_body_s;
  shard_.streams.set_deadline(
      *stream, body_s * us_per_s, "connection-timeout",
      "Some more of a request's body has to come within " + std::to_string(body_s) + " s.");
}

void HttpRequests::part(Stream& stream, std::string bytes) {
  if (shard_.relays.is_passed_on(stream.exchange)) return shard_.relays.part(stream.exchange, bytes);
  shard_.files.part(stream.exchange, std::move(bytes));
}

void HttpRequests::hold(std::uint64_t request) {
  if (Stream* stream = stream_of(request)) stream->connection->hold();
}

void HttpRequests::release(std::uint64_t request) {
  if (Stream* stream = stream_of(request)) stream->connection->release();
}

bool HttpRequests::begin_answer(std::uint64_t request, const HttpResponse& response) {
  Exchange* exchange = exchanges_.find(request);
  Stream* stream = stream_of(request);
  if (stream == nullptr) return false;
  // Of a node that does not wait for the rest of a body: what follows would be that.
  exchange->keeps_alive = exchange->keeps_alive && !exchange->is_unread;
  std::string out;
  append_http_response(out, response, exchange->keeps_alive ? HttpEnd::keep_alive : HttpEnd::close,
                       exchange->is_head, http_date(shard_.wall_ms()));
  static_cast<HttpFramer&>(stream->connection->framer()).answered();
  stream->connection->write_bytes(out);
  await_reader(*stream);
  return !exchange->is_head;
}

// A word would come in the middle of the body: who takes nothing for so long is cut off without one.
void HttpRequests::await_reader(Stream& stream) {
  shard_.streams.clear_deadline(stream);
  const std::uint64_t due_us = shard_.now_us() + shard_.world.limits.http_body_s * us_per_s;
  stream.deadline = shard_.timers.set(due_us, [this, handle = stream.connection->handle] {
    Stream* late = shard_.streams.find(handle);
    if (late == nullptr) return;
    late->deadline = 0;
    late->connection->abandon("its peer takes nothing");
  });
}

void HttpRequests::write_body(std::uint64_t request, std::string_view bytes) {
  Stream* stream = stream_of(request);
  if (stream == nullptr) return;
  stream->connection->write_bytes(bytes);
  await_reader(*stream);
}

void HttpRequests::end_answer(std::uint64_t request) {
  Stream* stream = stream_of(request);
  const std::unique_ptr<Exchange> exchange = exchanges_.take(request);
  if (stream == nullptr) return;
  stream->exchange = 0;
  shard_.streams.clear_deadline(*stream);
  if (!exchange->keeps_alive) return stream->connection->close({}, {});
  end(*stream, HttpEnd::keep_alive);
}

void HttpRequests::abandon(std::uint64_t request) {
  if (Stream* stream = stream_of(request)) stream->connection->abandon("its file cannot be read");
}

std::size_t HttpRequests::waiting_bytes(std::uint64_t request) {
  Stream* stream = stream_of(request);
  return stream == nullptr ? 0 : stream->connection->pending_bytes();
}

std::string http_fields_text(const std::vector<HttpField>& fields) {
  std::string text;
  for (const HttpField& field : fields) text.append(field.name).append(":").append(field.value).append("\n");
  return text;
}

std::vector<HttpField> http_fields_of(std::string_view text) {
  std::vector<HttpField> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t colon = line.find(':');
    fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    text.remove_prefix(line.size() + 1);
  }
  return fields;
}

}  // namespace hotline
