// Target: which server is measured, and how to reach it: from the command line or a host's run.json.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "tls.h"

namespace hotline::bench {

// As given on the command line.
struct TargetOptions {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string state;           // Directory with a run.json.
  std::string domain;          // Empty: run.json's, else localhost.
  std::string tls = "direct";  // direct, starttls, none, ws, wss
  bool is_tls12 = false;
  bool resumes_tls = false;
  std::string mechanism = "SCRAM-SHA-256";
  std::string user_prefix = "bench";
  unsigned user_first = 0;
  std::string password = "bench";
  bool uses_sm = true;
  bool uses_carbons = false;
  unsigned sources = 1;
  std::vector<int> pids;
};

class Target {
 public:
  // Throws std::runtime_error with the reason: nothing listening of that kind, not loopback, no port.
  explicit Target(const TargetOptions& options);

  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }
  [[nodiscard]] const std::string& domain() const { return plan_.domain; }
  // For the scenario to copy and adjust. Points into the target, which must outlive the clients.
  [[nodiscard]] ClientPlan plan() const { return plan_; }
  // `bench00007`: the account number `index` of the run.
  [[nodiscard]] std::string user(unsigned index) const;
  [[nodiscard]] const std::string& password() const { return options_.password; }

 private:
  void read_run_file();

  TargetOptions options_;
  std::vector<pid_t> pids_;
  TlsContext tls_;
  SaltedPasswords salted_;
  ClientPlan plan_;
};

}  // namespace hotline::bench
