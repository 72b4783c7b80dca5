// Ledger: what the senders of `offline` have sent, and what the server has acknowledged of it.
//
// Outlives the process as a file, so that a server can be killed between the two phases and then be held
// to what it had acknowledged. Sender s's message n goes to recipient (s + n) mod K, where it is number
// n / K of lane s * K + k: so two counts a sender say everything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stamp.h"

namespace hotline::bench {

struct Ledger {
  std::uint32_t run = 0;
  std::uint32_t recipients = 0;
  std::vector<std::uint32_t> sent;   // By sender.
  std::vector<std::uint32_t> acked;  // By sender; never more than sent.

  [[nodiscard]] std::uint32_t recipient_of(std::uint32_t sender, std::uint32_t message) const {
    return (sender + message) % recipients;
  }
  [[nodiscard]] Stamp stamp_of(std::uint32_t sender, std::uint32_t message, std::int64_t due_ns) const {
    return {run, sender * recipients + recipient_of(sender, message), message / recipients, due_ns};
  }
  // How many of a sender's first `count` messages went into `lane`.
  [[nodiscard]] std::uint32_t of_lane(std::uint32_t lane, const std::vector<std::uint32_t>& counts) const;
  [[nodiscard]] std::uint64_t sent_total() const;
  [[nodiscard]] std::uint64_t acked_total() const;

  // Both throw std::runtime_error, naming the file.
  void save(const std::string& path) const;
  static Ledger load(const std::string& path);
};

}  // namespace hotline::bench
