// A control socket served by a thread of its own, in a directory of its own.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/rpc_server.h"

namespace hotline::test {

class RpcTestHost {
 public:
  using Setup = std::function<void(RpcServer&)>;

  explicit RpcTestHost(const Setup& setup, const RpcServer::Limits& limits = {},
                       const std::string& subdirectory = "") {
    (void)signal(SIGPIPE, SIG_IGN);
    char name[] = "/tmp/hotline-rpc-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    root_ = name;
    directory_ = subdirectory.empty() ? root_ : root_ + "/" + subdirectory;
    std::filesystem::create_directories(directory_);
    socket_ = directory_ + "/control.sock";
    REQUIRE(uv_loop_init(&loop_) == 0);
    REQUIRE(uv_async_init(&loop_, &wake_,
                          [](uv_async_t* wake) { static_cast<RpcTestHost*>(wake->data)->run_calls(); }) == 0);
    wake_.data = this;
    auto opened = RpcServer::open(&loop_, socket_, limits);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    server_ = std::move(*opened);
    setup(*server_);
    thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
  }
  ~RpcTestHost() {
    if (thread_.joinable()) {
      on_loop([this](RpcServer&) { close_server(); });
      join();
    }
    CHECK(uv_loop_close(&loop_) == 0);  // No handle was forgotten.
    std::filesystem::remove_all(root_);
  }
  RpcTestHost(const RpcTestHost&) = delete;
  RpcTestHost& operator=(const RpcTestHost&) = delete;

  const std::string& socket() const { return socket_; }
  const std::string& directory() const { return directory_; }

  // Runs on the loop's thread, and waits for it.
  void on_loop(std::function<void(RpcServer&)> call) {
    const auto done = std::make_shared<std::promise<void>>();
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back([call = std::move(call), done](RpcServer& server) {
        call(server);
        done->set_value();
      });
    }
    uv_async_send(&wake_);
    done->get_future().wait();
  }
  // Asks on the loop's thread until it holds; the test's own time limit is the deadline.
  void run_on_loop_until(const std::function<bool(RpcServer&)>& holds) {
    for (bool held = false; !held;) on_loop([&](RpcServer& server) { held = holds(server); });
  }
  // On the loop's thread: the loop ends once all its handles are closed.
  void close_server() {
    server_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  }
  void join() { thread_.join(); }

 private:
  void run_calls() {
    std::vector<std::function<void(RpcServer&)>> calls;
    {
      const std::lock_guard lock(mutex_);
      calls.swap(calls_);
    }
    for (const auto& call : calls) call(*server_);
  }

  std::string root_, directory_, socket_;
  uv_loop_t loop_{};
  uv_async_t wake_{};
  std::mutex mutex_;
  std::vector<std::function<void(RpcServer&)>> calls_;
  std::unique_ptr<RpcServer> server_;
  std::thread thread_;
};

}  // namespace hotline::test
