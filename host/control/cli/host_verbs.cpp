#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/table.h"
#include "cli/verbs.h"
#include "control/protocol.h"

namespace hotline::cli {
namespace {

constexpr int shutdown_s_max = 60;

// A process that is not our child, to be waited for.
class OtherProcess {
 public:
  explicit OtherProcess(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~OtherProcess() {
    if (fd_ >= 0) ::close(fd_);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool wait_ended(int seconds_max) const {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, seconds_max * 1000) == 1;
  }

 private:
  int fd_;
};

}  // namespace

Exit set_log_level(Context& context, const std::string& level) {
  return context.ask<nlohmann::json>("log.level", {{"level", level}}, [&](const nlohmann::json&) {
    context.out << "the host now logs from level " << level << "\n";
  });
}

Exit reload_tls(Context& context) {
  return context.ask<TlsReport>("tls.reload", nlohmann::json::object(), [&](const TlsReport& tls) {
    context.out << "new connections get " << printable(tls.certificate)
                << (tls.is_development ? " (self-made, for development)" : "") << ", SHA-256 "
                << printable(tls.fingerprint) << '\n';
  });
}

Exit shut_down(Context& context) {
  Exit exit = Exit::done;
  std::optional<RpcClient> client = context.connect(exit);
  if (!client) return exit;
  const pid_t pid = client->peer_pid();
  const OtherProcess host(pid);  // Before asking: the number is the host's for sure.
  const RpcResult<nlohmann::json> answer =
      client->call("shutdown", nlohmann::json::object(), Context::silence_s_max);
  if (const auto* failure = std::get_if<RpcFailure>(&answer)) return context.fail(*failure);
  // A host inside this very process (a test) has ended with its connection.
  const bool has_ended = host.is_open() && pid != ::getpid() ? host.wait_ended(shutdown_s_max)
                                                             : client->wait_closed(shutdown_s_max);
  if (!has_ended) {
    return context.fail(Exit::failed, "the host took the order and still runs after " +
                                          std::to_string(shutdown_s_max) + " seconds: see its log");
  }
  if (context.wants_json) {
    context.print_json(nlohmann::json::object());
  } else {
    context.out << "the host has stopped\n";
  }
  return Exit::done;
}

}  // namespace hotline::cli
