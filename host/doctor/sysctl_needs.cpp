#include "doctor/sysctl_needs.h"

#include <algorithm>

namespace hotline::doctor {
namespace {

using Rule = SysctlNeed::Rule;

// Ports that the system gives to connections going out: above all that a host listens on by habit.
constexpr std::uint64_t first_port = 10'240, last_port = 65'535;
constexpr std::uint64_t backlog_usual = 4'096;
constexpr std::uint64_t conntrack_min_s = 86'400;

void add_files(std::vector<SysctlNeed>& all, const Needs& needs) {
  all.push_back({"files.nr_open",
                 "fs.nr_open",
                 {{Rule::at_least, needs.files}},
                 Verdict::bad,
                 "no process may be given more open files than this, whatever LimitNOFILE says"});
  all.push_back({"files.system",
                 "fs.file-max",
                 {{Rule::at_least, needs.files_system}},
                 Verdict::bad,
                 "all processes together may have so many open files; each session is one"});
  all.push_back(
      {"files.epoll",
       "fs.epoll.max_user_watches",
       {{Rule::at_least, needs.files}},
       Verdict::bad,
       "each connection is watched by its shard's epoll set; a watch that is refused ends the host"});
}

void add_network(std::vector<SysctlNeed>& all, const Needs& needs) {
  all.push_back({"net.somaxconn",
                 "net.core.somaxconn",
                 {{Rule::at_least, needs.backlog}},
                 Verdict::bad,
                 "connections that wait to be accepted: a second's worth while all come back within a minute",
                 false,
                 backlog_usual});
  all.push_back(
      {"net.syn_backlog",
       "net.ipv4.tcp_max_syn_backlog",
       {{Rule::at_least, needs.backlog}},
       Verdict::bad,
       "handshakes that are half done, likewise; beyond it clients try again after a second or more",
       false,
       backlog_usual});
  all.push_back({"net.tcp_mem",
                 "net.ipv4.tcp_mem",
                 {{Rule::at_least, needs.tcp_pages / 4},
                  {Rule::at_least, needs.tcp_pages / 2},
                  {Rule::at_least, needs.tcp_pages}},
                 Verdict::bad,
                 "pages for what is in flight on all sockets: one a session at the most, and beyond the last "
                 "number the kernel drops what arrives"});
  all.push_back({"net.tcp_rmem",
                 "net.ipv4.tcp_rmem",
                 {{Rule::at_most, 4'096}, {Rule::at_most, 131'072}, {Rule::at_least, 1 << 20}},
                 Verdict::advice,
                 "what one socket may hold of what came: the least under pressure, at first, and for files"});
  all.push_back({"net.tcp_wmem",
                 "net.ipv4.tcp_wmem",
                 {{Rule::at_most, 4'096}, {Rule::at_most, 16'384}, {Rule::at_least, 1 << 20}},
                 Verdict::advice,
                 "what one socket may hold for a client that does not read; the host keeps the rest itself"});
  all.push_back({"net.conntrack",
                 "net.netfilter.nf_conntrack_max",
                 {{Rule::at_least, needs.conntrack}},
                 Verdict::bad,
                 "the firewall's table has a row for each connection and drops new ones when it is full; or "
                 "exempt the host's ports from it (`ct notrack`)",
                 true});
  all.push_back({"net.conntrack_timeout",
                 "net.netfilter.nf_conntrack_tcp_timeout_established",
                 {{Rule::at_least, conntrack_min_s}},
                 Verdict::bad,
                 "a row that the table forgets cuts a client that is silent, and it finds out late",
                 true});
  all.push_back(
      {"net.ports",
       "net.ipv4.ip_local_port_range",
       {{Rule::at_most, first_port}, {Rule::at_least, last_port}},
       Verdict::advice,
       "a proxy or gateway on this machine has so many connections to one address and port, and not more"});
  all.push_back(
      {"net.timestamps",
       "net.ipv4.tcp_timestamps",
       {{Rule::at_least, 1}},
       Verdict::advice,
       "without time stamps round trips are measured badly and a port cannot be used again for a minute"});
}

void add_memory(std::vector<SysctlNeed>& all, const Needs& needs) {
  all.push_back({"memory.maps",
                 "vm.max_map_count",
                 {{Rule::at_least, needs.maps}},
                 Verdict::bad,
                 "mappings of one process: TLS states, arenas and modules take them"});
}

void append(std::string& out, std::string_view word, std::string_view between) {
  if (!out.empty()) out.append(between);
  out.append(word);
}

}  // namespace

std::string SysctlNeed::value() const {
  std::string text;
  for (const Field& field : fields) append(text, std::to_string(std::max(field.value, usual)), " ");
  return text;
}

std::string SysctlNeed::wanted() const {
  std::string text;
  for (const Field& field : fields)
    append(text, (field.rule == Rule::at_least ? "at least " : "at most ") + std::to_string(field.value),
           ", ");
  return text;
}

std::string SysctlNeed::path() const {
  std::string path = key;
  std::ranges::replace(path, '.', '/');
  return "/proc/sys/" + path;
}

std::vector<SysctlNeed> sysctl_needs(const Plan& plan) {
  const Needs needs(plan);
  std::vector<SysctlNeed> all;
  add_files(all, needs);
  add_network(all, needs);
  add_memory(all, needs);
  return all;
}

std::string sysctl_file(const Plan& plan) {
  const std::string sessions = std::to_string(plan.sessions);
  std::string text = "# What " + sessions +
                     " sessions ask of the kernel; docs/capacity.md derives it. Written by\n"
                     "#\n"
                     "#   hotline doctor --sessions " +
                     sessions +
                     " --sysctl\n"
                     "#\n"
                     "# Install: install -m 644 90-hotline.conf /etc/sysctl.d/ && sysctl --system\n"
                     "# A line that begins with `-` is passed over where the kernel does not have the key.\n";
  for (const SysctlNeed& need : sysctl_needs(plan))
    text.append("\n# ")
        .append(need.why)
        .append(".\n")
        .append(need.may_be_absent ? "-" : "")
        .append(need.key + " = " + need.value() + "\n");
  return text;
}

}  // namespace hotline::doctor
