#include "push/crash_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>

namespace hotline {

namespace {

constexpr const char* file_name = "/crash.record";
constexpr const char* last_line = "end";  // Without it the process died while it wrote.

// Text put together without memory or locale.
class Line {
 public:
  Line& add(const char* text) {
    while (*text != '\0' && size_ < bytes_.size()) bytes_[size_++] = *text++;
    return *this;
  }
  Line& add_decimal(unsigned value) {
    std::array<char, 12> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return add(&digits[at]);
  }
  Line& add_hex(std::uintptr_t value) {
    std::array<char, 20> digits{};
    std::size_t at = digits.size() - 1;
    do {
      digits[--at] = "0123456789abcdef"[value % 16];
      value /= 16;
    } while (value != 0);
    return add("0x").add(&digits[at]);
  }
  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }

 private:
  std::array<char, 512> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace

Result<CrashRecord> CrashRecord::open(const std::string& state_dir) {
  const std::string path = state_dir + file_name;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error{path + " cannot be opened: " + std::strerror(errno)};
  return CrashRecord(descriptor);
}

CrashRecord::~CrashRecord() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void CrashRecord::write(int signal, std::uintptr_t pc, const GuardedCode* code,
                        EventKind event) const noexcept {
  Line line;
  line.add("signal ").add_decimal(static_cast<unsigned>(signal)).add("\n");
  const bool is_in_module = code != nullptr && code->range.contains(reinterpret_cast<const void*>(pc));
  line.add("pc ");
  if (is_in_module)
    line.add(code->module).add("+").add_hex(pc - code->range.base).add(" [").add(code->build_id).add("]\n");
  else
    line.add_hex(pc).add("\n");
  if (code != nullptr) {
    line.add("module ").add(code->module).add("\nversion ").add(code->version);
    line.add("\nbuild_id ").add(code->build_id).add("\ncall ").add(call_name(event)).add("\n");
  }
  line.add(last_line).add("\n");
  // One call, so that what is there is whole; what the kernel has survives the process. Of a longer record
  // that was there, what is left behind the last line is not read, and goes.
  if (::pwrite(descriptor_, line.data(), line.size(), 0) > 0)
    (void)!::ftruncate(descriptor_, static_cast<off_t>(line.size()));
}

Result<void> CrashRecord::forget() const {
  if (::ftruncate(descriptor_, 0) == 0) return {};
  return Error{std::string("the crash record cannot be emptied: ") + std::strerror(errno)};
}

std::optional<Crash> CrashRecord::read(const std::string& state_dir) {
  std::ifstream file(state_dir + file_name);
  Crash crash;
  std::string text;
  while (std::getline(file, text)) {
    if (text == last_line) return crash;
    const std::size_t space = text.find(' ');
    if (space == std::string::npos || text.size() > 200) return std::nullopt;
    const std::string key = text.substr(0, space), value = text.substr(space + 1);
    if (key == "signal") crash.signal = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
    if (key == "pc") crash.pc = value;
    if (key == "module") crash.module = value;
    if (key == "version") crash.version = value;
    if (key == "build_id") crash.build_id = value;
    if (key == "call") crash.call = value;
  }
  return std::nullopt;
}

}  // namespace hotline
