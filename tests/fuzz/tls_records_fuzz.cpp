// A peer with the right keys that sends anything: authentic records of any type, size and padding,
// KeyUpdates, records that were changed, cut, sent twice or left out, and plain noise, in pieces of any size.
// The host may be frozen and thawed between any two of them.
//
// What must hold: what is delivered is what was sent as data, from its beginning and in order; what the host
// answers is authentic; behind a failure nothing is delivered and nothing sealed.
#include <cstdlib>
#include <string>

#include "unit/net/tls_record_peer.h"

using namespace hotline;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool is_empty() const { return at_ == size_; }
  unsigned next() { return is_empty() ? 0 : data_[at_++]; }
  std::string text(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size && !is_empty()) bytes.push_back(static_cast<char>(next()));
    return bytes;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

class Game {
 public:
  Game(Bytes& bytes, TlsSuite suite, std::size_t plain_max)
      : bytes_(bytes), peer_(suite, plain_max), shared_(std::make_shared<OwnRecordsTls::Shared>()) {
    thaw(peer_.frozen_host());
  }

  void play() {
    for (int turn = 0; turn < 200 && !bytes_.is_empty(); ++turn) {
      const unsigned choice = bytes_.next();
      feed(make(choice % 12), choice / 12);
      check();
    }
  }

 private:
  std::string make(unsigned kind) {
    switch (kind) {
      case 0: return data(bytes_.text(bytes_.next()));
      case 1: return data(std::string(bytes_.next() * 65 + 1, 'd'));
      case 2: {
        const unsigned type = bytes_.next() % 4 == 0 ? bytes_.next() : 20 + bytes_.next() % 5;
        if (type == 23) return data(bytes_.text(bytes_.next() % 32));
        if (type == 0)
          return inner(bytes_.text(bytes_.next() % 32));  // Padding: what is before it has the type.
        return last_ = peer_.record(type, bytes_.text(bytes_.next() % 32), bytes_.next() % 64);
      }
      case 3: return last_ = peer_.key_update(bytes_.next() % 2);
      case 4: return last_ = peer_.record(22, std::string("\x18\0\0\1\0", 5).substr(0, bytes_.next() % 6));
      case 5: peer_.change_key(); return {};
      case 6: {  // Changed.
        std::string changed = last_;
        if (!changed.empty())
          changed[bytes_.next() * 257u % changed.size()] ^= static_cast<char>(bytes_.next() | 1);
        return changed;
      }
      case 7: return last_;                            // Once more.
      case 8: return bytes_.text(bytes_.next() % 64);  // Noise.
      case 9: return last_ = peer_.alert(1, bytes_.next() % 128);
      case 10: return inner(bytes_.text(bytes_.next() % 40));
      default: move_or_write(); return {};
    }
  }

  std::string data(const std::string& content) {
    sent_ += content;
    return last_ = peer_.data(content);
  }

  std::string inner(const std::string& text) {
    const std::size_t type = text.find_last_not_of('\0');
    if (type != std::string::npos && text[type] == 23) sent_ += text.substr(0, type);
    return last_ = peer_.inner(text);
  }

  void feed(std::string_view records, unsigned piece) {
    while (!records.empty()) {
      const std::string_view part = records.substr(0, piece == 0 ? records.size() : piece);
      host_->feed(std::string(part), got_, answer_);
      records.remove_prefix(part.size());
    }
  }

  void thaw(const std::string& frozen) {
    auto thawed = OwnRecordsTls::thaw(frozen, shared_);
    must(thawed.has_value());
    host_ = std::move(*thawed);
  }

  void move_or_write() {
    const unsigned choice = bytes_.next();
    if (choice % 2 == 0) {
      host_->seal(std::string(choice, 'h'), answer_);
    } else if (auto frozen = host_->freeze()) {
      must(!host_->seal("x", answer_));
      thaw(*frozen);
    }
  }

  void check() {
    must(sent_.starts_with(got_));
    must(peer_.receive(answer_));
    answer_.clear();
    if (host_->state() != Tls::State::failed) return;
    const std::size_t got = got_.size();
    must(!host_->seal("x", answer_));
    host_->feed(peer_.data("x"), got_, answer_);
    must(answer_.empty() && got_.size() == got);
    peer_.state().out.sequence--;
  }

  Bytes& bytes_;
  test::RecordPeer peer_;
  std::shared_ptr<OwnRecordsTls::Shared> shared_;
  std::unique_ptr<Tls> host_;
  std::string sent_;
  std::string got_;
  std::string answer_;
  std::string last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const unsigned choice = bytes.next();
  Game(bytes, test::all_suites[choice % 3], (choice & 64) != 0 ? 512 : record_plain_max).play();
  return 0;
}
