#include "control/rpc_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "control/socket_path.h"

namespace hotline {
namespace {

constexpr std::size_t answer_bytes_max = 256 * 1'048'576;

RpcFailure failure(RpcFailure::Kind kind, std::string message) {
  return {kind, {RpcError::internal_error, std::move(message), nullptr}};
}

RpcFailure gone() {
  return failure(RpcFailure::Kind::unreachable, "the host closed the connection before it answered");
}

}  // namespace

RpcClient::RpcClient(int fd) : fd_(fd), input_(answer_bytes_max) {}

RpcClient::RpcClient(RpcClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), last_id_(other.last_id_), input_(std::move(other.input_)) {}

RpcClient::~RpcClient() {
  if (fd_ >= 0) ::close(fd_);
}

RpcResult<RpcClient> RpcClient::connect(const std::string& socket) {
  const Result<int> connected = connect_unix_socket(socket);
  if (!connected) {
    return failure(RpcFailure::Kind::unreachable,
                   "cannot connect to " + socket + ": " + connected.error().message);
  }
  return RpcClient(*connected);
}

RpcResult<std::uint64_t> RpcClient::send(std::string_view method, const nlohmann::json& params) {
  const std::uint64_t id = ++last_id_;
  const std::string line = rpc_request_line(id, method, params);
  if (line.size() > rpc_request_bytes_max) {
    return failure(RpcFailure::Kind::refused,
                   "the request is larger than " + std::to_string(rpc_request_bytes_max) + " bytes");
  }
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return gone();
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return id;
}

RpcResult<RpcIncoming> RpcClient::receive(int silence_s_max) {
  for (;;) {
    if (const auto line = input_.next()) {
      if (line->empty()) continue;
      Result<RpcIncoming> incoming = parse_rpc_incoming(*line);
      if (!incoming) {
        return failure(RpcFailure::Kind::unreachable,
                       "what answers there is no Hotline host: " + incoming.error().message);
      }
      return std::move(*incoming);
    }
    if (input_.is_overlong()) {
      return failure(RpcFailure::Kind::unreachable,
                     "the answer is larger than " + std::to_string(answer_bytes_max) + " bytes");
    }
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, silence_s_max > 0 ? silence_s_max * 1000 : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      return failure(RpcFailure::Kind::timed_out,
                     "the host said nothing for " + std::to_string(silence_s_max) + " seconds");
    }
    std::array<char, 65'536> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return gone();
    input_.append({buffer.data(), static_cast<std::size_t>(count)});
  }
}

RpcResult<nlohmann::json> RpcClient::call(std::string_view method, const nlohmann::json& params,
                                          int silence_s_max, const OnProgress& on_progress) {
  RpcResult<std::uint64_t> sent = send(method, params);
  if (auto* failed = std::get_if<RpcFailure>(&sent)) return std::move(*failed);
  const std::uint64_t id = std::get<std::uint64_t>(sent);
  for (;;) {
    RpcResult<RpcIncoming> received = receive(silence_s_max);
    if (auto* failed = std::get_if<RpcFailure>(&received)) return std::move(*failed);
    auto& incoming = std::get<RpcIncoming>(received);
    switch (incoming.kind) {
      case RpcIncoming::Kind::notification:
        if (on_progress) on_progress(incoming.value);
        break;
      case RpcIncoming::Kind::result:
        if (incoming.id == id) return std::move(incoming.value);
        break;
      case RpcIncoming::Kind::error:
        // Without an id it is about the connection, and nothing else will come.
        if (incoming.id == id || incoming.id.is_null()) {
          return RpcFailure{RpcFailure::Kind::refused, std::move(incoming.error)};
        }
        break;
    }
  }
}

pid_t RpcClient::peer_pid() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  return ::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 ? credentials.pid : 0;
}

bool RpcClient::wait_closed(int seconds_max) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_max);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) return false;
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready <= 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count == 0 || (count < 0 && errno != EINTR)) return true;
  }
}

}  // namespace hotline
