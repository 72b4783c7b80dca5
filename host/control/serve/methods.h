// The control socket's methods, put together from the parts of a running host. What each takes and answers is
// in control/protocol.h; a method that is none of these goes to the module that has claimed it as a command.
#pragma once

#include <functional>

#include "control/config.h"
#include "control/rpc_server.h"
#include "control/serve/observer.h"
#include "shard/work_pool.h"

namespace hotline {

struct MethodParts {
  HostThreads* threads;
  Pipeline* pipeline;
  Store* store;
  TlsContext* tls;
  Observer* observer;
  Quarantine* quarantine;
  const Config* config;
  std::string state_dir;
  WorkPool* pushes;   // One thread: pushes come one after the other.
  WorkPool* backs;    // One thread: rollbacks, and what a push in canary is told; beside a push.
  WorkPool* readers;  // For what waits for the disk and is no push.
  std::function<void()> shutdown;
  // An abort is of the upgrade that is under way, and is answered there. False: there is none.
  std::function<bool(const RpcCall& call, const RpcReply& reply)> abort_upgrade;
};

void add_methods(RpcServer& server, const MethodParts& parts);

}  // namespace hotline
