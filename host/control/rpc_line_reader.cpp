#include "control/rpc_line_reader.h"

namespace hotline {

void RpcLineReader::append(std::string_view bytes) {
  if (is_overlong_) return;
  bytes_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  bytes_.append(bytes);
}

std::optional<std::string_view> RpcLineReader::next() {
  if (is_overlong_) return std::nullopt;
  const std::size_t end = bytes_.find('\n', scanned_);
  const std::size_t length = (end == std::string::npos ? bytes_.size() : end) - begin_;
  if (length > line_bytes_max_) {
    is_overlong_ = true;
    bytes_ = {};
    begin_ = scanned_ = 0;
    return std::nullopt;
  }
  if (end == std::string::npos) {
    scanned_ = bytes_.size();
    return std::nullopt;
  }
  std::string_view line(bytes_.data() + begin_, length);
  if (line.ends_with('\r')) line.remove_suffix(1);
  begin_ = scanned_ = end + 1;
  return line;
}

}  // namespace hotline
