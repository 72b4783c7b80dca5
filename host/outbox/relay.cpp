#include "outbox/relay.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/log.h"

namespace hotline {

namespace {

constexpr std::size_t ahead_bytes_max = std::size_t{256}
                                        << 10;  // Of an answer that its peer has not taken yet.
constexpr long connections_kept_max = 64;
constexpr long connect_ms_max = 5'000;
constexpr int watch_every_ms = 200;
constexpr std::uint64_t us_a_second = 1'000'000;
constexpr std::size_t fields_max = 32;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

}  // namespace

// One request, from its first byte to its last. The relay's thread alone.
class Relay::Transfer {
 public:
  Transfer(RelayRequest request, RelayEvents events, const RelayNode& node, Clock& clock)
      : request_(std::move(request)), events_(std::move(events)), node_(node), clock_(clock) {}
  ~Transfer() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(fields_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* start(std::uint64_t number);
  CURL* handle() const { return handle_; }
  const RelayEvents& events() const { return events_; }
  bool has_answered() const { return has_answered_; }
  const RelayNode& node() const { return node_; }
  const std::string& taker() const { return request_.taker.name; }

  void give(const std::string& bytes) {
    sending_.append(bytes);
    if (!std::exchange(awaits_body_, false)) return;
    progress();
    go_on();
  }
  void taken(std::size_t bytes) {
    ahead_ -= std::min(ahead_, bytes);
    if (ahead_ >= ahead_bytes_max || !std::exchange(awaits_peer_, false)) return;
    progress();
    go_on();
  }
  // It is the node's turn, and it does nothing.
  bool is_late() const {
    return !awaits_body_ && !awaits_peer_ && clock_.mono_us() > since_us_ + node_.timeout_s * us_a_second;
  }

 private:
  void progress() { since_us_ = clock_.mono_us(); }
  // Both ways at once, as libcurl has it: what has to wait on says so again.
  void go_on() { curl_easy_pause(handle_, CURLPAUSE_CONT); }
  void set_body();

  std::size_t send_some(char* into, std::size_t room);
  std::size_t take_some(const char* bytes, std::size_t count);
  bool take_line(std::string_view line);
  bool take_head();

  const RelayRequest request_;
  const RelayEvents events_;
  const RelayNode& node_;
  Clock& clock_;
  CURL* handle_ = nullptr;
  curl_slist* fields_ = nullptr;
  std::string sending_;
  std::uint64_t sent_ = 0;
  std::size_t ahead_ = 0;
  bool awaits_body_ = false, awaits_peer_ = false;  // It is not the node's turn.
  std::uint64_t since_us_ = 0;
  RelayAnswer answer_;
  bool has_length_ = false, has_answered_ = false;
};

CURL* Relay::Transfer::start(std::uint64_t number) {
  handle_ = curl_easy_init();
  if (handle_ == nullptr) return nullptr;
  const auto add = [this](const std::string& line) { fields_ = curl_slist_append(fields_, line.c_str()); };
  for (const auto& [name, value] : request_.fields) add(std::string(name).append(": ").append(value));
  add(std::string(relayed_field) + ": 1");
  add("Accept:");
  // A node that does not want a body says so before it is sent.
  add(request_.body_bytes > 0 ? "Expect: 100-continue" : "Expect:");
  curl_easy_setopt(handle_, CURLOPT_URL, (node_.url + request_.path).c_str());
  curl_easy_setopt(handle_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle_, CURLOPT_PROXY, "");
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(connect_ms_max, static_cast<long>(node_.timeout_s) * 1'000));
  curl_easy_setopt(handle_, CURLOPT_EXPECT_100_TIMEOUT_MS, static_cast<long>(node_.timeout_s) * 1'000);
  curl_easy_setopt(handle_, CURLOPT_USERAGENT, "hotline");
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, fields_);
  curl_easy_setopt(handle_, CURLOPT_PRIVATE, reinterpret_cast<void*>(number));
  curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(
      handle_, CURLOPT_HEADERFUNCTION,
      +[](const char* line, std::size_t, std::size_t count, void* self) -> std::size_t {
        return static_cast<Transfer*>(self)->take_line({line, count}) ? count : 0;
      });
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(
      handle_, CURLOPT_WRITEFUNCTION,
      +[](const char* bytes, std::size_t, std::size_t count, void* self) -> std::size_t {
        return static_cast<Transfer*>(self)->take_some(bytes, count);
      });
  if (request_.method == "HEAD") curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
  if (request_.method == "PUT") set_body();
  progress();
  return handle_;
}

void Relay::Transfer::set_body() {
  curl_easy_setopt(handle_, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body_bytes));
  curl_easy_setopt(handle_, CURLOPT_READDATA, this);
  curl_easy_setopt(
      handle_, CURLOPT_READFUNCTION,
      +[](char* into, std::size_t, std::size_t room, void* self) -> std::size_t {
        return static_cast<Transfer*>(self)->send_some(into, room);
      });
}

std::size_t Relay::Transfer::send_some(char* into, std::size_t room) {
  if (sent_ == request_.body_bytes) return 0;
  if (sending_.empty()) {
    if (!std::exchange(awaits_body_, true)) events_.wants();
    return CURL_READFUNC_PAUSE;
  }
  progress();
  const std::size_t count = std::min(room, sending_.size());
  std::copy_n(sending_.data(), count, into);
  sending_.erase(0, count);
  sent_ += count;
  return count;
}

std::size_t Relay::Transfer::take_some(const char* bytes, std::size_t count) {
  progress();
  if (ahead_ >= ahead_bytes_max) {
    awaits_peer_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  ahead_ += count;
  events_.part(std::string(bytes, count));
  return count;
}

// False ends it.
bool Relay::Transfer::take_line(std::string_view line) {
  progress();
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    answer_ = {};  // Behind an interim one.
    has_length_ = false;
    return true;
  }
  if (line.empty()) return take_head();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  const std::string name = lower_case(line.substr(0, colon));
  if (name == "content-length") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), answer_.length);
    has_length_ = error == std::errc{} && end == value.data() + value.size();
    return has_length_;
  }
  if (answer_.fields.size() < fields_max)
    answer_.fields.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  return true;
}

bool Relay::Transfer::take_head() {
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || has_answered_) return true;  // An interim answer.
  answer_.status = static_cast<unsigned>(status);
  if (!has_length_ && status != 204 && status != 304) return false;  // Nodes tell how long an answer is.
  has_answered_ = true;
  events_.answer(std::move(answer_));
  return true;
}

Relay::Relay(std::vector<RelayNode> nodes, Clock& clock) : clock_(clock) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  for (RelayNode& node : nodes) nodes_.emplace(node.name, std::move(node));
  multi_ = curl_multi_init();
  check(multi_ != nullptr, "libcurl has memory");
  curl_multi_setopt(static_cast<CURLM*>(multi_), CURLMOPT_MAXCONNECTS, connections_kept_max);
  thread_ = std::thread([this] { serve(); });
}

Relay::~Relay() {
  is_ending_ = true;
  curl_multi_wakeup(static_cast<CURLM*>(multi_));
  thread_.join();
  for (const auto& [number, transfer] : transfers_)
    curl_multi_remove_handle(static_cast<CURLM*>(multi_), transfer->handle());
  transfers_.clear();
  curl_multi_cleanup(static_cast<CURLM*>(multi_));
}

void Relay::ask(std::function<void()> command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  curl_multi_wakeup(static_cast<CURLM*>(multi_));
}

FairPlaces::Outcome Relay::begin(std::uint64_t number, RelayRequest request, RelayEvents events) {
  {
    const std::lock_guard lock(mutex_);
    const FairPlaces::Outcome place = places_.take(request.taker);
    if (place != FairPlaces::Outcome::taken) return place;
  }
  const RelayNode& node = nodes_.at(request.node);
  ask([this, number,
       transfer = std::make_shared<std::unique_ptr<Transfer>>(
           std::make_unique<Transfer>(std::move(request), std::move(events), node, clock_))] {
    CURL* handle = (*transfer)->start(number);
    if (handle == nullptr || curl_multi_add_handle(static_cast<CURLM*>(multi_), handle) != CURLM_OK) {
      leave(**transfer);
      return (*transfer)->events().ended(RelayEnd::unreachable);
    }
    transfers_[number] = std::move(*transfer);
  });
  return FairPlaces::Outcome::taken;
}

void Relay::leave(const Transfer& transfer) {
  const std::lock_guard lock(mutex_);
  places_.give_back(transfer.taker());
}

void Relay::give(std::uint64_t number, std::string bytes) {
  ask([this, number, bytes = std::move(bytes)] {
    if (const auto found = transfers_.find(number); found != transfers_.end()) found->second->give(bytes);
  });
}

void Relay::taken(std::uint64_t number, std::size_t bytes) {
  ask([this, number, bytes] {
    if (const auto found = transfers_.find(number); found != transfers_.end()) found->second->taken(bytes);
  });
}

void Relay::drop(std::uint64_t number) {
  ask([this, number] {
    const auto found = transfers_.find(number);
    if (found == transfers_.end()) return;
    curl_multi_remove_handle(static_cast<CURLM*>(multi_), found->second->handle());
    leave(*found->second);
    transfers_.erase(found);
  });
}

void Relay::serve() {
  auto* multi = static_cast<CURLM*>(multi_);
  while (!is_ending_) {
    std::deque<std::function<void()>> commands;
    {
      const std::lock_guard lock(mutex_);
      commands.swap(commands_);
    }
    for (const std::function<void()>& command : commands) command();
    int count = 0;
    curl_multi_perform(multi, &count);
    while (const CURLMsg* message = curl_multi_info_read(multi, &count))
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    watch();
    curl_multi_poll(multi, nullptr, 0, watch_every_ms, nullptr);
  }
}

void Relay::finish(void* handle, int result) {
  void* number = nullptr;
  curl_easy_getinfo(static_cast<CURL*>(handle), CURLINFO_PRIVATE, &number);
  const auto found = transfers_.find(reinterpret_cast<std::uint64_t>(number));
  if (found == transfers_.end()) return;
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  leave(*transfer);
  curl_multi_remove_handle(static_cast<CURLM*>(multi_), transfer->handle());
  RelayEnd end = RelayEnd::done;
  if (result != CURLE_OK || !transfer->has_answered()) {
    end = transfer->has_answered() ? RelayEnd::broken : RelayEnd::unreachable;
    if (result == CURLE_OPERATION_TIMEDOUT && !transfer->has_answered()) end = RelayEnd::late;
    log::info("relay.failed",
              {{"node", transfer->node().name}, {"why", curl_easy_strerror(static_cast<CURLcode>(result))}});
  }
  transfer->events().ended(end);
}

void Relay::watch() {
  for (auto next = transfers_.begin(); next != transfers_.end();) {
    const auto transfer = next++;
    if (!transfer->second->is_late()) continue;
    log::info("relay.failed", {{"node", transfer->second->node().name}, {"why", "it does nothing"}});
    curl_multi_remove_handle(static_cast<CURLM*>(multi_), transfer->second->handle());
    transfer->second->events().ended(transfer->second->has_answered() ? RelayEnd::broken : RelayEnd::late);
    leave(*transfer->second);
    transfers_.erase(transfer);
  }
}

}  // namespace hotline
