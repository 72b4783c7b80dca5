#include "control/rpc_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "control/rpc_line_reader.h"
#include "control/socket_path.h"
#include "control/user_name.h"

namespace hotline {
namespace {

constexpr int backlog = 64;

// Makes `path` free to bind: nothing there, or a socket whose process is gone.
Result<void> clear_socket(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return Error{"cannot make the control socket " + path + ": " + std::strerror(errno)};
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Error{"cannot make the control socket " + path + ": something else is there; move it away"};
  }
  if (const Result<int> connected = connect_unix_socket(path)) {
    ::close(*connected);
    return Error{"a host already answers at " + path + ": stop it with `hotline --socket " + path +
                 " shutdown`, or choose another state directory"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Error{"cannot replace the control socket " + path + ": " + std::strerror(errno)};
  }
  return {};
}

// What json's exceptions say, without their numbering.
std::string plain_text(const nlohmann::json::exception& error) {
  const std::string what = error.what();
  const std::size_t end = what.find("] ");
  return end == std::string::npos ? what : what.substr(end + 2);
}

}  // namespace

// Owned by its handles: it goes when the last of them is closed and the last reply has let go.
class RpcServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(uv_loop_t* loop, const Limits& limits) : loop_(loop), limits_(limits) {}

  Result<void> listen(const std::string& path);
  Result<void> listen_on(int socket, const std::string& path);
  int give_socket();
  void close();
  void add(std::string name, Method method) { methods_[std::move(name)] = std::move(method); }
  void set_fallback(std::function<bool(const RpcCall&, RpcReply)> fallback) {
    fallback_ = std::move(fallback);
  }
  std::size_t client_count() const { return clients_.size(); }

  // Any thread. `ends_request`: this is the answer, `line` is empty when none was wanted.
  void post(std::uint64_t client, std::string line, bool ends_request);

 private:
  struct Client {
    uv_pipe_t pipe{};
    std::shared_ptr<Core> core;
    std::uint64_t number = 0;
    RpcCaller caller;
    RpcLineReader input{rpc_request_bytes_max};
    std::size_t unanswered = 0;
    std::size_t output_bytes = 0;
    std::string output;     // Not yet given to libuv.
    bool is_ended = false;  // Nothing more is read: close once all is answered and written.
    bool is_closing = false;
  };
  template <typename Handle>
  struct Owned {  // A handle that keeps the core until it is closed.
    Handle handle{};
    std::shared_ptr<Core> core;
  };
  struct Write {
    uv_write_t request{};
    std::string bytes;
    Client* client = nullptr;
  };
  struct Outgoing {
    std::uint64_t client;
    std::string line;
    bool ends_request;
  };

  template <typename Handle>
  static void close_owned(Owned<Handle>* owned) {
    uv_close(reinterpret_cast<uv_handle_t*>(&owned->handle), [](uv_handle_t* handle) {
      delete static_cast<Owned<Handle>*>(handle->data);  // NOLINT: owned by the loop until now
    });
  }

  void accept();
  void read(Client& client, std::string_view bytes);
  void consume(Client& client);
  void dispatch(Client& client, std::string_view line);
  void send_outbox();
  void write(Client& client);
  void settle(Client& client);  // Closes what is ended and done, reads on where there is room.
  void close_client(Client& client);

  static void start_reading(Client& client);

  uv_loop_t* loop_;
  const Limits limits_;
  std::string path_;
  Owned<uv_pipe_t>* listener_ = nullptr;  // Null: it was given away.
  std::map<std::string, Method, std::less<>> methods_;
  std::function<bool(const RpcCall&, RpcReply)> fallback_;
  std::unordered_map<std::uint64_t, Client*> clients_;
  std::uint64_t last_client_ = 0;
  bool is_closed_ = false;  // No request is taken any more.
  std::array<char, 65'536> read_buffer_{};

  std::mutex mutex_;  // Over what follows.
  std::vector<Outgoing> outbox_;
  Owned<uv_async_t>* wake_ = nullptr;  // Null once closed.
};

// ---- replies ----

class RpcReply::Target {
 public:
  Target(std::weak_ptr<RpcServer::Core> core, std::uint64_t client, nlohmann::json id)
      : core_(std::move(core)), client_(client), id_(std::move(id)) {}
  ~Target() {
    answer([this] {
      return rpc_error_line(id_,
                            {RpcError::internal_error, "the host gave the request up without an answer", {}});
    });
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  const nlohmann::json& id() const { return id_; }

  template <typename MakeLine>
  void answer(const MakeLine& make_line) {
    if (is_answered_.exchange(true)) return;
    if (const auto core = core_.lock()) core->post(client_, id_.is_null() ? "" : make_line(), true);
  }
  void tell(nlohmann::json event) {
    if (is_answered_ || id_.is_null()) return;
    if (const auto core = core_.lock()) core->post(client_, rpc_progress_line(id_, std::move(event)), false);
  }

 private:
  const std::weak_ptr<RpcServer::Core> core_;
  const std::uint64_t client_;
  const nlohmann::json id_;
  std::atomic<bool> is_answered_{false};
};

void RpcReply::result(const nlohmann::json& value) const {
  target_->answer([&] { return rpc_result_line(target_->id(), value); });
}

void RpcReply::error(int code, std::string message, nlohmann::json data) const {
  target_->answer([&] { return rpc_error_line(target_->id(), {code, std::move(message), std::move(data)}); });
}

void RpcReply::progress(nlohmann::json event) const {
  target_->tell(std::move(event));
}

// ---- listening ----

Result<void> RpcServer::Core::listen(const std::string& path) {
  if (Result<void> cleared = clear_socket(path); !cleared) return cleared;
  const Result<int> bound = bind_unix_socket(path);
  if (!bound) return Error{"cannot make the control socket " + path + ": " + bound.error().message};
  return listen_on(*bound, path);
}

Result<void> RpcServer::Core::listen_on(int socket, const std::string& path) {
  path_ = path;
  if (wake_ == nullptr) {
    wake_ = new Owned<uv_async_t>;  // NOLINT: the loop's until its close callback
    wake_->core = shared_from_this();
    const int initialised = uv_async_init(loop_, &wake_->handle, [](uv_async_t* handle) {
      static_cast<Owned<uv_async_t>*>(handle->data)->core->send_outbox();
    });
    check(initialised == 0, "a loop has no room for an async handle");
    wake_->handle.data = wake_;
  }
  listener_ = new Owned<uv_pipe_t>;  // NOLINT: the loop's until its close callback
  listener_->core = shared_from_this();
  listener_->handle.data = listener_;
  uv_pipe_init(loop_, &listener_->handle, 0);
  int error = uv_pipe_open(&listener_->handle, socket);
  if (error != 0) ::close(socket);
  if (error == 0) {
    error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener_->handle), backlog,
                      [](uv_stream_t* stream, int status) {
                        if (status == 0) static_cast<Owned<uv_pipe_t>*>(stream->data)->core->accept();
                      });
  }
  if (error != 0) {
    close();
    return Error{"cannot make the control socket " + path + ": " + uv_strerror(error)};
  }
  return {};
}

int RpcServer::Core::give_socket() {
  check(listener_ != nullptr, "a control socket is given once");
  uv_os_fd_t fd = -1;
  check(uv_fileno(reinterpret_cast<uv_handle_t*>(&listener_->handle), &fd) == 0, "a pipe has a descriptor");
  const int given = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  close_owned(std::exchange(listener_, nullptr));
  return given;
}

void RpcServer::Core::close() {
  if (is_closed_) return;
  is_closed_ = true;
  if (wake_ != nullptr) send_outbox();
  while (!clients_.empty()) close_client(*clients_.begin()->second);
  if (listener_ != nullptr) {
    close_owned(std::exchange(listener_, nullptr));
    ::unlink(path_.c_str());
  }
  methods_.clear();
  fallback_ = nullptr;
  const std::lock_guard lock(mutex_);
  if (wake_ != nullptr) close_owned(std::exchange(wake_, nullptr));
}

void RpcServer::Core::accept() {
  auto* client = new Client;  // NOLINT: the loop's until its close callback
  client->core = shared_from_this();
  client->number = ++last_client_;
  client->pipe.data = client;
  uv_pipe_init(loop_, &client->pipe, 0);
  clients_[client->number] = client;
  if (uv_accept(reinterpret_cast<uv_stream_t*>(&listener_->handle),
                reinterpret_cast<uv_stream_t*>(&client->pipe)) != 0) {
    return close_client(*client);
  }
  uv_os_fd_t fd = -1;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&client->pipe), &fd) != 0 ||
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return close_client(*client);
  }
  client->caller = {credentials.uid, credentials.pid, user_name(credentials.uid)};
  if (clients_.size() > limits_.clients_max) {
    client->output = rpc_error_line(nullptr, {RpcError::refused,
                                              "there are " + std::to_string(limits_.clients_max) +
                                                  " control connections already: close one and try again",
                                              {}});
    client->is_ended = true;
    write(*client);
    return settle(*client);
  }
  start_reading(*client);
}

// ---- reading ----

void RpcServer::Core::start_reading(Client& client) {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&client.pipe),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& bytes = static_cast<Client*>(handle->data)->core->read_buffer_;
        *buffer = uv_buf_init(bytes.data(), bytes.size());
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto& reader = *static_cast<Client*>(stream->data);
        const std::shared_ptr<Core> core = reader.core;
        if (count > 0) return core->read(reader, {buffer->base, static_cast<std::size_t>(count)});
        if (count == 0) return;
        if (count != UV_EOF) return core->close_client(reader);
        // It may have closed only its own direction, and wait for answers.
        reader.is_ended = true;
        uv_read_stop(stream);
        core->consume(reader);
      });
}

void RpcServer::Core::read(Client& client, std::string_view bytes) {
  client.input.append(bytes);
  consume(client);
}

void RpcServer::Core::consume(Client& client) {
  while (!client.is_closing && client.unanswered < limits_.unanswered_max) {
    const std::optional<std::string_view> line = client.input.next();
    if (!line) break;
    if (!line->empty()) dispatch(client, *line);
  }
  if (client.is_closing) return;
  if (client.input.is_overlong() && !client.is_ended) {
    client.is_ended = true;
    client.output += rpc_error_line(
        nullptr, {RpcError::invalid_request,
                  "a request is one line of at most " + std::to_string(rpc_request_bytes_max) + " bytes",
                  {}});
    write(client);
  }
  settle(client);
}

void RpcServer::Core::dispatch(Client& client, std::string_view line) {
  auto parsed = parse_rpc_request(line);
  if (const auto* refusal = std::get_if<RpcRefusal>(&parsed)) {
    client.output += rpc_error_line(refusal->id, refusal->error);
    return write(client);
  }
  auto& request = std::get<RpcRequest>(parsed);
  ++client.unanswered;
  const RpcReply reply(
      std::make_shared<RpcReply::Target>(weak_from_this(), client.number, std::move(request.id)));
  const RpcCall call{std::move(request.method), std::move(request.params), client.caller};
  try {
    if (const auto method = methods_.find(call.method); method != methods_.end()) {
      const Method run = method->second;  // The call may close the server, and with it the registry.
      run(call, reply);
    } else if (const auto fallback = fallback_; !fallback || !fallback(call, reply)) {
      reply.error(RpcError::method_not_found, "no method `" + call.method + "`");
    }
  } catch (const nlohmann::json::exception& error) {
    reply.error(RpcError::invalid_params,
                "`" + call.method + "` does not take these parameters: " + plain_text(error));
  }
}

// ---- writing ----

void RpcServer::Core::post(std::uint64_t client, std::string line, bool ends_request) {
  const std::lock_guard lock(mutex_);
  if (wake_ == nullptr) return;
  outbox_.push_back({client, std::move(line), ends_request});
  uv_async_send(&wake_->handle);
}

void RpcServer::Core::send_outbox() {
  std::vector<Outgoing> outgoing;
  {
    const std::lock_guard lock(mutex_);
    outgoing.swap(outbox_);
  }
  std::map<std::uint64_t, Client*> touched;
  for (Outgoing& item : outgoing) {
    const auto found = clients_.find(item.client);
    if (found == clients_.end()) continue;  // It has gone.
    Client& client = *found->second;
    if (item.ends_request) --client.unanswered;
    client.output += item.line;
    touched[item.client] = &client;
  }
  for (const auto& [number, client] : touched) {
    write(*client);
    if (!is_closed_) consume(*client);
  }
}

void RpcServer::Core::write(Client& client) {
  if (client.output.empty() || client.is_closing) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(&client.pipe);
  if (client.output_bytes == 0) {
    const uv_buf_t buffer = uv_buf_init(client.output.data(), static_cast<unsigned>(client.output.size()));
    const int written = uv_try_write(stream, &buffer, 1);
    if (written > 0) client.output.erase(0, static_cast<std::size_t>(written));
    if (client.output.empty()) return;
  }
  if (client.output_bytes + client.output.size() > limits_.output_bytes_max) {
    log::warning("control client cut: it does not read its answers",
                 {{"pid", client.caller.pid}, {"bytes_max", limits_.output_bytes_max}});
    return close_client(client);
  }
  auto write = std::make_unique<Write>();
  write->bytes = std::exchange(client.output, {});
  write->client = &client;
  write->request.data = write.get();
  client.output_bytes += write->bytes.size();
  const uv_buf_t buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int error = uv_write(&write->request, stream, &buffer, 1, [](uv_write_t* request, int status) {
    // libuv calls this before the close callback, so the client is still there.
    const std::unique_ptr<Write> done(static_cast<Write*>(request->data));
    Client& writer = *done->client;
    writer.output_bytes -= done->bytes.size();
    if (writer.is_closing) return;
    if (status != 0) return writer.core->close_client(writer);
    writer.core->settle(writer);
  });
  if (error != 0) return close_client(client);
  (void)write.release();  // The callback's now.
}

void RpcServer::Core::settle(Client& client) {
  if (client.is_closing) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(&client.pipe);
  if (client.is_ended) {
    if (client.unanswered == 0 && client.output_bytes == 0 && client.output.empty())
      return close_client(client);
    uv_read_stop(stream);
  } else if (client.unanswered >= limits_.unanswered_max) {
    uv_read_stop(stream);
  } else if (uv_is_active(reinterpret_cast<uv_handle_t*>(stream)) == 0) {
    start_reading(client);
  }
}

void RpcServer::Core::close_client(Client& client) {
  if (client.is_closing) return;
  client.is_closing = true;
  clients_.erase(client.number);
  uv_close(reinterpret_cast<uv_handle_t*>(&client.pipe), [](uv_handle_t* handle) {
    delete static_cast<Client*>(handle->data);  // NOLINT: owned by the loop until now
  });
}

// ---- the server ----

Result<std::unique_ptr<RpcServer>> RpcServer::open(uv_loop_t* loop, const std::string& path,
                                                   const Limits& limits) {
  auto core = std::make_shared<Core>(loop, limits);
  if (const Result<void> listening = core->listen(path); !listening) return listening.error();
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(core)));
}

Result<std::unique_ptr<RpcServer>> RpcServer::open_on(uv_loop_t* loop, int socket, const std::string& path) {
  auto core = std::make_shared<Core>(loop, Limits{});
  if (const Result<void> listening = core->listen_on(socket, path); !listening) return listening.error();
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(core)));
}

int RpcServer::give_socket() {
  return core_->give_socket();
}

Result<void> RpcServer::take_socket(int socket, const std::string& path) {
  return core_->listen_on(socket, path);
}

RpcServer::~RpcServer() {
  core_->close();
}

void RpcServer::add(std::string name, Method method) {
  core_->add(std::move(name), std::move(method));
}

void RpcServer::set_fallback(std::function<bool(const RpcCall&, RpcReply)> fallback) {
  core_->set_fallback(std::move(fallback));
}

std::size_t RpcServer::client_count() const {
  return core_->client_count();
}

}  // namespace hotline
