#include "ledger.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

namespace hotline::bench {

std::uint32_t Ledger::of_lane(std::uint32_t lane, const std::vector<std::uint32_t>& counts) const {
  const std::uint32_t sender = lane / recipients;
  const std::uint32_t first = (lane % recipients + recipients - sender % recipients) % recipients;
  const std::uint32_t count = counts[sender];
  return count <= first ? 0 : (count - first - 1) / recipients + 1;
}

std::uint64_t Ledger::sent_total() const {
  return std::accumulate(sent.begin(), sent.end(), std::uint64_t{0});
}
std::uint64_t Ledger::acked_total() const {
  return std::accumulate(acked.begin(), acked.end(), std::uint64_t{0});
}

void Ledger::save(const std::string& path) const {
  std::ofstream file(path);
  file << nlohmann::json{{"run", run}, {"recipients", recipients}, {"sent", sent}, {"acked", acked}} << '\n';
  if (!file.flush()) throw std::runtime_error("--ledger " + path + " cannot be written");
}

Ledger Ledger::load(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("--ledger " + path + " cannot be read: run --phase store first");
  const auto json = nlohmann::json::parse(file);
  Ledger ledger{json.at("run").get<std::uint32_t>(), json.at("recipients").get<std::uint32_t>(),
                json.at("sent").get<std::vector<std::uint32_t>>(),
                json.at("acked").get<std::vector<std::uint32_t>>()};
  if (ledger.recipients == 0 || ledger.sent.size() != ledger.acked.size()) {
    throw std::runtime_error("--ledger " + path + " is not a ledger of --phase store");
  }
  return ledger;
}

}  // namespace hotline::bench
