#include "dispatch/http_requests.h"

#include <utility>

#include "dispatch/shard.h"
#include "net/http_framer.h"

namespace hotline {

namespace {

constexpr std::uint64_t us_per_s = 1'000'000;

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
  if (its.awaits_continue) stream.connection->write_bytes("HTTP/1.1 100 Continue\r\n\r\n");
  const std::uint32_t body_s = shard_.world.limits.http_body_s;
  shard_.streams.set_deadline(stream, body_s * us_per_s, "connection-timeout",
                              "A request's body has to come within " + std::to_string(body_s) + " s.");
}

void HttpRequests::body(Stream& stream, std::string body) {
  if (stream.request == nullptr)  // It was refused at its head.
    return static_cast<HttpFramer&>(stream.connection->framer()).answered();
  stream.exchange = exchanges_.reserve();
  auto exchange = std::make_unique<Exchange>();
  exchange->stream = stream.connection->handle;
  exchange->keeps_alive = stream.request->keeps_alive;
  exchange->is_head = std::exchange(stream.is_head_request, false);
  const std::uint64_t number = stream.exchange;
  exchanges_.put(number, std::move(exchange));
  const std::unique_ptr<HttpRequest> request = std::move(stream.request);
  request->body = std::move(body);
  await_answer(stream);
  const std::uint64_t handle = stream.connection->handle;
  shard_.calls.request(stream, number, *request);
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
  stream->exchange = 0;
  shard_.streams.clear_deadline(*stream);
  const bool stays = exchange->keeps_alive && response.status != 504;
  write(*stream, response, stays ? HttpEnd::keep_alive : HttpEnd::close, exchange->is_head);
  if (!stays) return;
  shard_.streams.set_deadline(*stream, shard_.world.limits.http_idle_s * us_per_s, "", "");
  stream->connection->release();
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
  if (stream.exchange != 0) static_cast<void>(exchanges_.take(std::exchange(stream.exchange, 0)));
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
