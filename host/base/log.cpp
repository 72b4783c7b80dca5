#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>

namespace hotline::log {
namespace {

constexpr std::size_t queue_lines_max = 2048;  // Allocated at once: 400 bytes each.
constexpr std::size_t value_bytes_max = 2048;  // Of one field: a peer's words may end up in one.

std::atomic<Level> current_level{Level::info};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

// How many bytes the UTF-8 sequence at the front of `text` has; 0 when it is none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : length;
}

// Appends `text` as a JSON string (RFC 8259 7); what is not UTF-8 becomes U+FFFD.
void append_quoted(std::string_view text, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  const bool is_cut = text.size() > value_bytes_max;
  text = text.substr(0, value_bytes_max);
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += digits[(c >> 4) & 15];
      out += digits[c & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += is_cut ? "…\"" : "\"";
}

// Plain words stay bare; whatever could be taken for two fields, or for a line end, is quoted.
bool is_bare(std::string_view text) {
  if (text.empty() || text.size() > value_bytes_max) return false;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  }
  return true;
}

void append_time(std::string& out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  char fraction[32];
  std::snprintf(fraction, sizeof fraction, ".%03ldZ", now.tv_nsec / 1'000'000);
  out.append(text, size).append(fraction);
}

std::string line_of(Format format, Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  line.reserve(160);
  if (format == Format::json) {
    line += R"({"time":")";
    append_time(line);
    line.append(R"(","level":")").append(name_of(level)).append(R"(","event":)");
    append_quoted(event, line);
    for (const Field& field : fields) {
      line += ',';
      append_quoted(field.key, line);
      line += ':';
      if (field.is_number) {
        line += field.value;
      } else {
        append_quoted(field.value, line);
      }
    }
    line += "}\n";
    return line;
  }
  append_time(line);
  line.append(" ").append(name_of(level)).append(level == Level::info ? "  " : " ").append(event);
  const char* gap = "  ";
  for (const Field& field : fields) {
    line.append(gap).append(field.key).append("=");
    if (is_bare(field.value)) {
      line += field.value;
    } else {
      append_quoted(field.value, line);
    }
    gap = " ";
  }
  line += '\n';
  return line;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t took = ::write(descriptor, text.data(), text.size());
    if (took < 0 && errno == EINTR) continue;
    if (took <= 0) return;  // A log that cannot be written has nobody left to tell.
    text.remove_prefix(static_cast<std::size_t>(took));
  }
}

// Unbuffered: a line is in the file when the next one is looked at, and survives the process.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LineSink(int descriptor, Format format) : descriptor_(descriptor), format_(format) {}
  ~LineSink() override {
    if (descriptor_ != STDERR_FILENO) ::close(descriptor_);
  }
  // Before the first line; `pool` outlives the sink's use.
  void count_dropped_by(spdlog::details::thread_pool* pool) { pool_ = pool; }
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (const std::size_t dropped = pool_->overrun_counter(); dropped != dropped_seen_) {
      write_all(descriptor_, line_of(format_, Level::warning, "log.dropped",
                                     {{"lines", dropped - dropped_seen_}, {"queue_max", queue_lines_max}}));
      dropped_seen_ = dropped;
    }
    write_all(descriptor_, {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  const int descriptor_;
  const Format format_;
  spdlog::details::thread_pool* pool_ = nullptr;
  std::size_t dropped_seen_ = 0;
};

// What open() makes. Members are destroyed in reverse order; the pool's end writes what is queued.
struct Output {
  Format format;
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

// Never destroyed: destructors of other statics may still log.
struct Shared {
  std::mutex mutex;
  std::shared_ptr<Output> output;   // Null: lines go straight to standard error.
  std::shared_ptr<Output> parents;  // In a child of fork(): cannot be ended there, its thread is missing.
};
Shared& shared() {
  static Shared* const instance = [] {
    // A fork between another thread's lock and unlock would leave the child's mutex locked for good.
    pthread_atfork([] { shared().mutex.lock(); }, [] { shared().mutex.unlock(); },
                   [] {
                     if (shared().output) shared().parents = std::move(shared().output);
                     shared().mutex.unlock();
                   });
    return new Shared;
  }();
  return *instance;
}

std::shared_ptr<Output> output() {
  const std::lock_guard lock(shared().mutex);
  return shared().output;
}

}  // namespace

Result<void> open(const std::string& file, Format format, Level level) {
  int descriptor = STDERR_FILENO;
  if (!file.empty()) {
    descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (descriptor < 0) {
      return Error{"log file " + file + " cannot be opened: " + std::strerror(errno) +
                   "; name a file that can be written, or none for standard error"};
    }
  }
  auto next = std::make_shared<Output>();
  next->format = format;
  next->pool = std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1);
  auto sink = std::make_shared<LineSink>(descriptor, format);
  sink->count_dropped_by(next->pool.get());
  next->logger = std::make_shared<spdlog::async_logger>("hotline", std::move(sink), next->pool,
                                                        spdlog::async_overflow_policy::overrun_oldest);
  set_level(level);
  const std::lock_guard lock(shared().mutex);
  shared().output = std::move(next);
  return {};
}

void set_level(Level level) {
  current_level.store(level, std::memory_order_relaxed);
}
Level level() {
  return current_level.load(std::memory_order_relaxed);
}

Result<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
    if (text == name_of(level)) return level;
  }
  return Error{"log level \"" + std::string(text) + "\" is not known: use debug, info, warning or error"};
}

void close() {
  std::shared_ptr<Output> last;
  const std::lock_guard lock(shared().mutex);
  last.swap(shared().output);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < log::level()) return;
  const std::shared_ptr<Output> to = output();
  const std::string line = line_of(to ? to->format : Format::human, level, event, fields);
  if (to) {
    to->logger->log(spdlog::source_loc{}, spdlog::level::info, line);
  } else {
    write_all(STDERR_FILENO, line);
  }
}

}  // namespace hotline::log
