// Needs: what so many sessions ask of a machine, as numbers. docs/capacity.md derives them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hotline::doctor {

// What is to run there.
struct Plan {
  std::uint64_t sessions = 1'000;
  std::string state_dir;             // Empty: not known, its disk is not looked at.
  std::string certificate;           // Empty: the development certificate.
  std::vector<std::uint32_t> ports;  // Those the host listens on.
  std::uint64_t mailbox_memory_bytes = 0;
  std::uint64_t process = 0;  // Of the host that runs; 0: none, this process stands for it.
  bool is_hidden = false;     // Whether one runs cannot be seen: the state directory may not be read.
};

// Budgets for one idle session, above what was measured (docs/capacity.md has the figures).
constexpr std::uint64_t session_bytes_user = 3'000;
constexpr std::uint64_t session_bytes_kernel = 6'000;
constexpr std::uint64_t session_bytes_disk = 4'096;  // Credentials, contacts, and a few messages that wait.

constexpr std::uint64_t host_bytes = std::uint64_t{512} << 20;     // Without any session.
constexpr std::uint64_t host_bytes_disk = std::uint64_t{1} << 30;  // Modules, symbols, the store's journal.
constexpr std::uint64_t host_files = 4'096;      // Stores, listeners, modules, connections about to go.
constexpr std::uint64_t host_threads = 1'024;    // Shards, pools, gateways, and a preflight's children.
constexpr std::uint64_t reconnect_seconds = 60;  // In which all are back after a restart.
constexpr std::uint64_t tls_state_bytes = 240;   // net/tls_records.h

struct Needs {
  explicit Needs(const Plan& plan);

  std::uint64_t files;         // Descriptors of the process.
  std::uint64_t files_system;  // Of the machine.
  std::uint64_t backlog;       // Connections a second, while all come back.
  std::uint64_t tcp_pages;     // Of socket buffers, when every session has a page in flight.
  std::uint64_t conntrack;
  std::uint64_t maps;
  std::uint64_t memory_bytes;
  std::uint64_t locked_bytes;
  std::uint64_t disk_bytes;
};

}  // namespace hotline::doctor
