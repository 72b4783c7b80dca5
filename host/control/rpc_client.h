// RpcClient: one connection to a control socket, for programs that wait: the command line and tests.
//
// Requests may be sent without waiting for answers; these come in any order. One thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "control/rpc_line_reader.h"
#include "control/rpc_message.h"

namespace hotline {

// Why there is no answer, or which one it was.
struct RpcFailure {
  enum class Kind {
    refused,      // The host answered with an error: `error`.
    unreachable,  // No connection, or it ended before the answer came.
    timed_out,    // Connected, and nothing was heard for the given time.
  };
  Kind kind = Kind::refused;
  RpcError error;  // Its message is set for every kind.
};

template <typename T>
using RpcResult = std::variant<T, RpcFailure>;

class RpcClient {
 public:
  using OnProgress = std::function<void(const nlohmann::json& event)>;

  static RpcResult<RpcClient> connect(const std::string& socket);
  RpcClient(RpcClient&& other) noexcept;
  RpcClient& operator=(RpcClient&&) = delete;
  ~RpcClient();

  // Sends a request and waits for its answer; `silence_s_max` bounds the time without a word from the host
  // (0: none). Not while other requests are unanswered.
  RpcResult<nlohmann::json> call(std::string_view method, const nlohmann::json& params, int silence_s_max,
                                 const OnProgress& on_progress = {});

  // The request's id.
  RpcResult<std::uint64_t> send(std::string_view method, const nlohmann::json& params);
  // The next thing the host says; an error answer is an RpcIncoming too.
  RpcResult<RpcIncoming> receive(int silence_s_max);
  // The process that listens at the other end; 0 when it cannot be told.
  pid_t peer_pid() const;
  // Waits until the host has closed the connection: it is gone, or goes. False when the time was up.
  bool wait_closed(int seconds_max);

 private:
  explicit RpcClient(int fd);

  int fd_;
  std::uint64_t last_id_ = 0;
  RpcLineReader input_;
};

}  // namespace hotline
