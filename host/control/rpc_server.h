// RpcServer: the control socket. A registry of methods, answered now or later.
//
// Whoever may open the socket (0600: the user the host runs as, and root) may call everything; who it was
// is given to the method for the record.
//
// Threads: the server belongs to its loop's thread, and methods are called there. An RpcReply may be used
// from any thread, also after its client has gone or the server is closed: then it does nothing. The process
// must ignore SIGPIPE: a client may go while it is written to.
#pragma once

#include <sys/types.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/rpc_message.h"

namespace hotline {

// Who is on the other end of the socket (SO_PEERCRED), as of when it connected.
struct RpcCaller {
  uid_t uid = 0;
  pid_t pid = 0;
  std::string user;  // "#1000" when the user has no name.
};

struct RpcCall {
  std::string method;
  nlohmann::json params;  // An object.
  RpcCaller caller;
};

// The way to answer one request. Copies answer the same request; the first answer counts. When the
// last copy goes without one, the client gets an internal error rather than silence.
class RpcReply {
 public:
  class Target;  // Where the bytes go; the server's.
  explicit RpcReply(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  void result(const nlohmann::json& value) const;
  void error(int code, std::string message, nlohmann::json data = nullptr) const;
  // Understood, and not done, in words an operator can act on.
  void refuse(std::string message) const { error(RpcError::refused, std::move(message)); }
  // Tells how far it is, before the answer. `event` is an object; its member "id" is overwritten.
  void progress(nlohmann::json event) const;

 private:
  std::shared_ptr<Target> target_;
};

class RpcServer {
 public:
  // A method may throw what nlohmann::json throws for a parameter of a wrong type: the client is told.
  using Method = std::function<void(const RpcCall& call, RpcReply reply)>;

  struct Limits {
    std::size_t clients_max = 64;
    std::size_t unanswered_max = 256;  // A client's, before it is no longer read from.
    std::size_t output_bytes_max =
        64 * 1'048'576;  // Waiting for a client that does not read; then it is cut.
  };

  // Listens at `path`. A socket left by a process that is gone is replaced, one that answers is not.
  static Result<std::unique_ptr<RpcServer>> open(uv_loop_t* loop, const std::string& path,
                                                 const Limits& limits);
  static Result<std::unique_ptr<RpcServer>> open(uv_loop_t* loop, const std::string& path) {
    return open(loop, path, Limits{});
  }
  // On the socket at `path` that another process listened on before, and which is ours now.
  static Result<std::unique_ptr<RpcServer>> open_on(uv_loop_t* loop, int socket, const std::string& path);
  // Who connects from now on waits in the kernel, for whoever has this socket; clients that are there stay.
  // It is not removed any more.
  int give_socket();
  Result<void> take_socket(int socket, const std::string& path);  // The way back.
  // Removes the socket and closes all connections, after answers that were given have been offered to
  // the kernel. The loop must run on until the handles are closed.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  void add(std::string name, Method method);
  // What answers methods that have no entry: module commands, known only at the call. Returns false when
  // there is no such method.
  void set_fallback(std::function<bool(const RpcCall& call, RpcReply reply)> fallback);
  std::size_t client_count() const;

 private:
  friend class RpcReply;
  class Core;
  explicit RpcServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

}  // namespace hotline
