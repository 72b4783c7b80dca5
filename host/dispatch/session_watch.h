// SessionWatch: the clients of which nothing has come for long, and what is owed for too long: requests for
// acknowledgement that nobody answers, answers that wait for the disk.
//
// Of a million sessions nearly all are at rest. One at rest is looked at when it would have been silent for
// long enough, not before; only one with something under way is looked at soon. So a second costs by what
// happens in it, not by how many are there.
//
// Threads: the shard's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotline {

class Connection;
class Session;
class Shard;

class SessionWatch {
 public:
  explicit SessionWatch(Shard& shard);

  // Something came on it.
  void heard(Connection& connection) const;
  // It has a connection from now on, and has not been asked for a sign of life on it.
  void attached(Session& session);
  // Something is under way with it: it was sent something, or has sent something.
  void busy(Session& session);
  // One that goes to another shard or process, and one that came with its connection.
  static void leave(Session& session);
  void come(Session& session);
  // For how long its client has been silent, and how long it had been when it was asked (0: it was not).
  struct Silence {
    std::uint32_t quiet_s = 0, asked_s = 0;
  };
  static Silence silence(const Session& session, std::uint64_t now_us);
  static void restore(Session& session, Silence silence, std::uint64_t now_us);

  void sweep();  // Once a second.

  std::size_t held_bytes() const;

 private:
  // A client is asked and cut by whole seconds of the shard's clock, which begin at 1: 0 is never.
  static std::uint32_t second_of(std::uint64_t us) { return static_cast<std::uint32_t>(us / 1'000'000) + 1; }
  std::uint32_t now_s() const;
  void look_at(Session& session, std::uint32_t second);
  void look(Session& session);
  void ask(Session& session);
  void sweep_busy(std::uint32_t second);
  void look_at_debts(Session& session);
  static bool is_at_rest(const Session& session);
  std::vector<std::uint64_t>& busy_at(std::uint32_t second) { return busy_.at(second % busy_.size()); }

  Shard& shard_;
  // Whom to look at in which second, by its last digits. Each session that is attached stands here once, and
  // may do so for a while after that.
  static constexpr std::size_t seconds = 512;
  std::array<std::vector<std::uint64_t>, seconds> wheel_;
  std::uint32_t swept_s_ = 0;
  // Those with something under way: whoever begins is looked at when its list comes round, and each second
  // from then on until it is at rest.
  std::array<std::vector<std::uint64_t>, 4> busy_;
};

}  // namespace hotline
