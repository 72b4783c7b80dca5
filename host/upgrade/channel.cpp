#include "upgrade/channel.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/time_slice.h"

namespace hotline {

namespace {

constexpr std::size_t read_bytes = 256u << 10;
constexpr int buffer_bytes = 4 << 20;  // As far as the system lets us: fewer turns for a large partition.

void wipe(std::string& bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

// Room for as many descriptors as a frame may have, aligned as the kernel wants it.
union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int) * upgrade_descriptors_max)> bytes;
};

}  // namespace

Result<std::pair<Descriptor, Descriptor>> Channel::pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Error{std::string("there is no socket pair: ") + std::strerror(errno)};
  for (const int end : ends) {
    setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    setsockopt(end, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  }
  return std::pair(Descriptor(ends[0]), Descriptor(ends[1]));
}

Channel::Channel(Descriptor socket) : socket_(std::move(socket)) {}

void Channel::start(Heard heard, Ended ended) {
  sender_ = std::thread([this] { send_when_there_is_room(); });
  hearer_ =
      std::thread([this, heard = std::move(heard), ended = std::move(ended)] { hear_all(heard, ended); });
}

Channel::~Channel() {
  stop();
  for (Frame& frame : waiting_) wipe(frame.bytes);
}

void Channel::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_all();
  shutdown(socket_.get(), SHUT_RDWR);  // Wakes both threads.
  if (sender_.joinable()) sender_.join();
  if (hearer_.joinable()) hearer_.join();
}

void Channel::say(const upgrade::Message& message, Descriptors descriptors) {
  Frame frame{upgrade::to_frame(message, descriptors.size()), std::move(descriptors)};
  {
    const std::lock_guard lock(mutex_);
    if (is_broken_ || is_closing_) return wipe(frame.bytes);  // Whoever hears the end acts on it.
    waiting_bytes_ += frame.bytes.size();
    waiting_.push_back(std::move(frame));
    if (waiting_.size() == 1) send_waiting();
  }
}

bool Channel::has_room() const {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_ < waiting_bytes_max;
}

bool Channel::flush() {
  std::unique_lock lock(mutex_);
  sent_.wait(lock, [this] { return waiting_.empty() || is_broken_ || is_closing_; });
  return waiting_.empty();
}

void Channel::send_when_there_is_room() {
  ask_for_short_slices();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_closing_ || is_broken_ || !waiting_.empty(); });
    if (is_closing_ || is_broken_) return;
    lock.unlock();
    pollfd room{socket_.get(), POLLOUT, 0};
    poll(&room, 1, -1);
    lock.lock();
    if (!is_closing_) send_waiting();
  }
}

// As much as the kernel takes at once. Under mutex_, so that frames keep their order.
void Channel::send_waiting() {
  while (!waiting_.empty()) {
    Frame& frame = waiting_.front();
    const ssize_t count = send_some(frame);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wake_.notify_one();
    if (count <= 0) {
      is_broken_ = true;
      shutdown(socket_.get(), SHUT_RDWR);  // So that whoever hears it is told, in both processes.
      wake_.notify_one();
      break;
    }
    frame.descriptors.clear();
    frame.sent += static_cast<std::size_t>(count);
    if (frame.sent < frame.bytes.size()) continue;
    wipe(frame.bytes);
    waiting_bytes_ -= frame.bytes.size();
    waiting_.pop_front();
  }
  sent_.notify_all();
}

ssize_t Channel::send_some(const Frame& frame) const {
  Control control{};
  iovec piece{const_cast<char*>(frame.bytes.data()) + frame.sent, frame.bytes.size() - frame.sent};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!frame.descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * frame.descriptors.size());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * frame.descriptors.size());
    for (std::size_t i = 0; i < frame.descriptors.size(); ++i) {
      const int number = frame.descriptors[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof number, &number, sizeof number);
    }
  }
  return sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Channel::hear_all(const Heard& heard, const Ended& ended) {
  ask_for_short_slices();
  Incoming incoming{.buffer = std::vector<char>(read_bytes), .bytes = {}, .descriptors = {}};
  std::string why;
  while (receive(incoming, why) && take_frames(incoming, heard, why)) {
  }
  wipe(incoming.bytes);
  {
    const std::lock_guard lock(mutex_);
    if (is_closing_) return;
  }
  ended(why);
}

bool Channel::receive(Incoming& incoming, std::string& why) const {
  Control control{};
  iovec piece{incoming.buffer.data(), incoming.buffer.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t count = 0;
  do {
    count = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    why = count == 0 ? "it ended" : std::string("its socket broke: ") + std::strerror(errno);
    return false;
  }
  const auto size = static_cast<std::size_t>(count);
  if (incoming.bytes.capacity() < incoming.bytes.size() + size) {
    // Grown by hand: what it grew out of held keys.
    std::string larger;
    larger.reserve(2 * (incoming.bytes.size() + size));
    larger.append(incoming.bytes);
    wipe(incoming.bytes);
    incoming.bytes.swap(larger);
  }
  incoming.bytes.append(incoming.buffer.data(), size);
  OPENSSL_cleanse(incoming.buffer.data(), size);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t numbers = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < numbers; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof number, sizeof number);
      incoming.descriptors.emplace_back(number);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    why = "descriptors were lost on the way: is LimitNOFILE large enough?";
    return false;
  }
  return true;
}

// Descriptors arrive with the first byte of their frame: when it is whole they are there.
bool Channel::take_frames(Incoming& incoming, const Heard& heard, std::string& why) {
  std::string_view rest = incoming.bytes;
  bool is_fine = true;
  while (rest.size() >= upgrade::header_bytes) {
    const Result<upgrade::Header> header = upgrade::read_header(rest);
    if (!header) {
      why = header.error().message;
      is_fine = false;
      break;
    }
    if (rest.size() < upgrade::header_bytes + header->body_bytes) break;
    const std::string_view body = rest.substr(upgrade::header_bytes, header->body_bytes);
    Result<upgrade::Message> message = upgrade::read_body(*header, body);
    if (!message || incoming.descriptors.size() < header->descriptors) {
      why = message ? "descriptors of a message of an upgrade are missing" : message.error().message;
      is_fine = false;
      break;
    }
    Descriptors descriptors;
    for (std::size_t i = 0; i < header->descriptors; ++i) {
      descriptors.push_back(std::move(incoming.descriptors.front()));
      incoming.descriptors.pop_front();
    }
    rest.remove_prefix(upgrade::header_bytes + body.size());
    heard(std::move(*message), std::move(descriptors));
  }
  const std::size_t used = incoming.bytes.size() - rest.size();
  if (used > 0) {
    std::memmove(incoming.bytes.data(), rest.data(), rest.size());
    OPENSSL_cleanse(incoming.bytes.data() + rest.size(), used);
    incoming.bytes.resize(incoming.bytes.size() - used);
  }
  return is_fine;
}

}  // namespace hotline
