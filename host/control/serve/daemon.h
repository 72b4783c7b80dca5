// Daemon: a whole host in this process: store, certificates, shards, modules, listeners, control socket.
//
// Life   open() brings everything up, in the order in which each needs the other, or says what stopped it;
// run() serves until
//        SIGTERM, SIGINT or the `shutdown` method, or until another process has taken over; destruction takes
//        it down in the opposite order. SIGHUP reloads the certificate. One that takes over from another is
//        brought up while it runs.
// Threads  the control thread's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "control/config.h"

namespace hotline {

class Daemon {
 public:
  // How it was started, so that another one can be started so.
  struct Launch {
    std::string config_file;  // Empty: none.
    int take_over = -1;  // A socket to a process that gives all it serves to this one; -1: it starts afresh.
  };
  enum class Ending {
    ended,      // As it was told to.
    given,      // Another process serves in its place.
    failed,     // It could not go on; the log says why.
    start_anew  // It serves nobody any more, and everything is in the store: the program is to be run again.
  };

  static Result<std::unique_ptr<Daemon>> open(const Config& config, const std::string& state_dir,
                                              const Launch& launch);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // One line: what it serves, and where.
  std::string announcement() const;
  Ending run();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hotline
