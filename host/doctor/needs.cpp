#include "doctor/needs.h"

#include <algorithm>

namespace hotline::doctor {
namespace {

constexpr std::uint64_t backlog_min = 128;     // What any kernel has; a host with few sessions needs no more.
constexpr std::uint64_t backlog_max = 65'535;  // A listener asks for no more (net/listener.cpp).
constexpr std::uint64_t tcp_pages_min = 65'536;
constexpr std::uint64_t maps_min = 65'530;  // The kernel's own default.
constexpr std::uint64_t conntrack_spare = 65'536;

}  // namespace

Needs::Needs(const Plan& plan)
    : files(plan.sessions + host_files),
      files_system(files + files / 8),
      backlog(std::clamp(plan.sessions / reconnect_seconds, backlog_min, backlog_max)),
      tcp_pages(std::max(plan.sessions, tcp_pages_min)),
      // A connection that has ended stays in the table for two minutes more.
      conntrack(plan.sessions + plan.sessions / 4 + conntrack_spare),
      maps(std::max(plan.sessions / 32, maps_min)),
      memory_bytes(host_bytes + plan.mailbox_memory_bytes +
                   plan.sessions * (session_bytes_user + session_bytes_kernel)),
      locked_bytes(plan.sessions * tls_state_bytes * 9 / 8),
      disk_bytes(host_bytes_disk + plan.sessions * session_bytes_disk) {}

}  // namespace hotline::doctor
