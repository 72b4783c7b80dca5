// An HTTP POST for each message, by libcurl: names, TLS with its checks, keep-alive and time limits are its.
//
// X-Hotline-Id stays the same from attempt to attempt, so that a receiver can tell a repetition. With a
// secret X-Hotline-Signature is webhook_signature() of X-Hotline-Timestamp and the body. 2xx: taken. 408,
// 425, 429, 5xx and no answer: again later. Anything else: refused for good; redirects are not followed.
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/hex.h"
#include "outbox/gateway.h"

namespace hotline {

namespace {

constexpr std::size_t answer_bytes_max = 2'048;

// curl's callback: keeps the beginning, takes all.
std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* answer) {
  auto* kept = static_cast<std::string*>(answer);
  kept->append(bytes, std::min(size * count, answer_bytes_max - kept->size()));
  return size * count;
}

// Another: not 0 ends the transfer. Called about once a second when nothing else happens.
int is_ending(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0;
}

bool may_work_later(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

class WebhookGateway final : public Gateway {
 public:
  WebhookGateway(const GatewaySettings& settings, std::size_t workers) : settings_(settings) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    for (std::size_t i = 0; i < workers; ++i) handles_.push_back(curl_easy_init());
  }
  ~WebhookGateway() override {
    for (CURL* handle : handles_) curl_easy_cleanup(handle);
  }

  OutboxOutcome attempt(const GatewayAttempt& attempt) override {
    CURL* handle = handles_[attempt.worker];
    if (handle == nullptr) return {OutboxOutcome::Kind::failed, 0, "libcurl has no memory"};
    curl_easy_reset(handle);  // Its connection is kept.
    std::string answer;
    curl_slist* fields = fields_of(attempt);
    const long timeout_s = static_cast<long>(settings_.timeout_s);
    curl_easy_setopt(handle, CURLOPT_URL, settings_.target.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, timeout_s);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, timeout_s);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "hotline");
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(attempt.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, attempt.body.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, is_ending);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &is_ending_);
    const CURLcode done = curl_easy_perform(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(fields);
    if (done != CURLE_OK) return {OutboxOutcome::Kind::failed, 0, curl_easy_strerror(done)};
    if (status >= 200 && status < 300)
      return {OutboxOutcome::Kind::taken, static_cast<int>(status), std::move(answer)};
    return {may_work_later(status) ? OutboxOutcome::Kind::failed : OutboxOutcome::Kind::refused,
            static_cast<int>(status), std::move(answer)};
  }

  void end() override { is_ending_ = true; }

 private:
  curl_slist* fields_of(const GatewayAttempt& attempt) const {
    const std::uint64_t now_s = attempt.wall_ms / 1'000;
    curl_slist* fields = nullptr;
    const auto add = [&fields](const std::string& line) { fields = curl_slist_append(fields, line.c_str()); };
    add("Content-Type: application/json");
    add("Expect:");
    add("X-Hotline-Id: " + attempt.id);
    add("X-Hotline-Timestamp: " + std::to_string(now_s));
    if (!settings_.secret.empty())
      add("X-Hotline-Signature: " + webhook_signature(settings_.secret, now_s, attempt.body));
    return fields;
  }

  const GatewaySettings settings_;
  std::vector<CURL*> handles_;  // One a worker.
  std::atomic<bool> is_ending_{false};
};

}  // namespace

std::string webhook_signature(const std::string& secret, std::uint64_t timestamp_s, const std::string& body) {
  const std::string signed_bytes = std::to_string(timestamp_s) + "." + body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  check(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(signed_bytes.data()), signed_bytes.size(), made.data(),
             &size) != nullptr,
        "HMAC works");
  return "sha256=" + to_hex(std::span<const unsigned char>(made.data(), size));
}

std::unique_ptr<Gateway> make_webhook(const GatewaySettings& settings, std::size_t workers) {
  return std::make_unique<WebhookGateway>(settings, workers);
}

}  // namespace hotline
