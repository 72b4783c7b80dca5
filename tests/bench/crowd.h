// Crowd: many clients of one thread that log in a few at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client.h"
#include "target.h"

namespace hotline::bench {

class Crowd final : public Client::Owner {
 public:
  using OnMessage = std::function<void(std::size_t index, std::string_view stanza)>;

  // The accounts `first` to `first + count - 1` of the target.
  Crowd(Loop& loop, const Target& target, const ClientPlan& plan, unsigned first, unsigned count);

  // Turns the loop until all are in. Throws std::runtime_error when one fails, or when `deadline_ns` comes.
  void log_in(unsigned at_once, std::int64_t deadline_ns);
  // Ends all streams in order and waits for the server to do the same, but not past the deadline.
  void log_out(std::int64_t deadline_ns);

  void on_message_call(OnMessage call) { message_ = std::move(call); }
  void on_acked_call(std::function<void(std::size_t index)> call) { acked_ = std::move(call); }

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  Client& at(std::size_t index) { return *members_[index]; }
  // Connections that broke, and what the first said.
  [[nodiscard]] std::uint64_t cuts() const { return cuts_; }
  [[nodiscard]] const std::string& first_cut() const { return first_cut_; }

 private:
  void on_ready(Client& client) override;
  void on_message(Client& client, std::string_view stanza) override;
  void on_cut(Client& client, const std::string& reason) override;
  void on_acked(Client& client) override;
  void on_finished(Client& client) override;
  std::size_t index_of(const Client& client) const;
  void log_in_next();

  Loop& loop_;
  const ClientPlan plan_;
  std::vector<std::unique_ptr<Client>> members_;
  std::vector<std::pair<const Client*, std::size_t>> indexes_;  // Sorted by pointer.
  std::size_t started_ = 0;
  std::size_t ready_ = 0;
  std::size_t finished_ = 0;
  std::uint64_t cuts_ = 0;
  std::string first_cut_;
  OnMessage message_;
  std::function<void(std::size_t)> acked_;
};

}  // namespace hotline::bench
