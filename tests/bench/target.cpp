#include "target.h"

#include <arpa/inet.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace hotline::bench {
namespace {

Mechanism mechanism_of(const std::string& name) {
  if (name == "PLAIN") return Mechanism::plain;
  if (name == "FAST") return Mechanism::fast;
  if (name == "SCRAM-SHA-1") return Mechanism::scram_sha1;
  return Mechanism::scram_sha256;
}

// A load generator aimed at somebody else's server is an attack, so it only aims at this machine.
in_addr loopback_address(const std::string& host) {
  in_addr address{};
  const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
  if (inet_pton(AF_INET, numeric.c_str(), &address) != 1) {
    throw std::runtime_error("--host " + host + ": expected a numeric IPv4 address such as 127.0.0.1");
  }
  if ((ntohl(address.s_addr) >> 24U) != 127) {
    throw std::runtime_error("--host " + host +
                             ": hotline-bench loads this machine only; use a 127.x.y.z address");
  }
  return address;
}

std::string kind_of(const std::string& tls) {
  static const std::map<std::string, std::string> kinds{
      {"direct", "xmpps"}, {"starttls", "xmpp"}, {"none", "xmpp"}, {"ws", "xmpp-ws"}, {"wss", "xmpp-wss"}};
  return kinds.at(tls);
}

}  // namespace

Target::Target(const TargetOptions& options) : options_(options) {
  for (const int pid : options_.pids) pids_.push_back(pid);
  if (!options_.state.empty()) read_run_file();
  if (options_.port <= 0) {
    throw std::runtime_error("no server to measure: give --port N, or --state DIR of a running host");
  }
  if (options_.domain.empty()) options_.domain = "localhost";
  const bool is_web = options_.tls == "ws" || options_.tls == "wss";
  tls_ = client_tls(options_.is_tls12 ? TlsVersion::tls12 : TlsVersion::tls13,
                    is_web ? "http/1.1" : "xmpp-client", options_.resumes_tls);
  plan_.address.sin_family = AF_INET;
  plan_.address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
  plan_.address.sin_addr = loopback_address(options_.host);
  plan_.domain = options_.domain;
  plan_.tls = tls_.get();
  plan_.uses_websocket = is_web;
  plan_.security = options_.tls == "direct" || options_.tls == "wss" ? Security::direct
                   : options_.tls == "starttls"                      ? Security::starttls
                                                                     : Security::none;
  plan_.mechanism = mechanism_of(options_.mechanism);
  plan_.salted = &salted_;
  plan_.resumes_tls = options_.resumes_tls;
  plan_.sources = options_.sources;
  plan_.uses_sm = options_.uses_sm;
  plan_.uses_carbons = options_.uses_carbons;
}

void Target::read_run_file() {
  const std::string path = options_.state + "/run.json";
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read: is the host running?");
  const auto run = nlohmann::json::parse(file);
  if (pids_.empty()) pids_.push_back(run.at("pid").get<pid_t>());
  if (options_.domain.empty()) options_.domain = run.value("domain", "localhost");
  if (options_.port > 0) return;
  const std::string kind = kind_of(options_.tls);
  for (const auto& listener : run.at("listen")) {
    if (listener.at("kind") != kind) continue;
    options_.host = listener.at("address").get<std::string>();
    options_.port = listener.at("port").get<int>();
    return;
  }
  throw std::runtime_error(path + " has no listener of kind " + kind + ", which --tls " + options_.tls +
                           " needs");
}

std::string Target::user(unsigned index) const {
  const std::string number = std::to_string(options_.user_first + index);
  return options_.user_prefix + std::string(number.size() < 5 ? 5 - number.size() : 0, '0') + number;
}

}  // namespace hotline::bench
