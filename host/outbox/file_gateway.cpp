// The gateway for development: one line a message, appended to a file that only its owner reads.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "outbox/gateway.h"

namespace hotline {

namespace {

class FileGateway final : public Gateway {
 public:
  explicit FileGateway(std::string file) : file_(std::move(file)) {}

  OutboxOutcome attempt(const GatewayAttempt& attempt) override {
    const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return {OutboxOutcome::Kind::failed, 0, file_ + ": " + std::strerror(errno)};
    const std::string line = attempt.body + "\n";
    const ssize_t written = ::write(file, line.data(), line.size());  // One call: lines do not mix.
    const int reason = errno;
    ::close(file);
    if (written == static_cast<ssize_t>(line.size())) return {OutboxOutcome::Kind::taken, 0, {}};
    return {OutboxOutcome::Kind::failed, 0, file_ + ": " + (written < 0 ? std::strerror(reason) : "is full")};
  }

 private:
  const std::string file_;
};

}  // namespace

std::unique_ptr<Gateway> make_file(const GatewaySettings& settings) {
  return std::make_unique<FileGateway>(settings.target);
}

}  // namespace hotline
