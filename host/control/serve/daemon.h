// Daemon: a whole host in this process: store, certificates, shards, modules, listeners, control socket.
//
// Life   open() brings everything up, in the order in which each needs the other, or says what stopped it;
// run() serves until
//        SIGTERM, SIGINT or the `shutdown` method; destruction takes it down in the opposite order. SIGHUP
//        reloads the certificate.
// Threads  the control thread's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "control/config.h"

namespace hotline {

class Daemon {
 public:
  static Result<std::unique_ptr<Daemon>> open(const Config& config, const std::string& state_dir);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // One line: what it serves, and where.
  std::string announcement() const;
  void run();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hotline
