#include "net/lines_framer.h"

#include <algorithm>
#include <utility>

#include "net/utf8.h"

namespace hotline {

FrameEvent LinesFramer::next(std::string_view& input) {
  if (!end_.has_input(input)) return {};
  const std::size_t end = input.find('\n');
  const std::size_t size = std::min(end, input.size());
  // The CR of a CR LF is not of the line, but only its LF tells; so a line of bytes_max may be one longer.
  const std::size_t whole = partial_.size() + size;
  const std::string_view last = size > 0 ? input.substr(size - 1, 1) : std::string_view(partial_);
  const bool may_end_in_cr = whole > 0 && last.back() == '\r';
  if (whole > bytes_max_ + (may_end_in_cr ? 1u : 0u)) {
    return fail("policy-violation", "more than " + std::to_string(bytes_max_) + " bytes in one line");
  }
  partial_.append(input.substr(0, size));
  if (end == std::string_view::npos) {
    input = {};
    return {};
  }
  input.remove_prefix(size + 1);
  FrameEvent event;
  event.kind = FrameEvent::Kind::line;
  event.text = std::exchange(partial_, {});
  if (!event.text.empty() && event.text.back() == '\r') event.text.pop_back();
  if (!is_utf8(event.text)) return fail("not-well-formed", "the bytes are not UTF-8");
  return event;
}

bool LinesFramer::freeze(FrozenFramer& frozen) const {
  frozen.partial = partial_;
  return !end_.is_over();
}

bool LinesFramer::thaw(const FrozenFramer& frozen) {
  partial_ = frozen.partial;
  return partial_.find('\n') == std::string::npos && partial_.size() <= bytes_max_ + 1u;
}

FrameEvent LinesFramer::fail(const char* condition, std::string text) {
  partial_ = {};
  return end_.by_error(condition, std::move(text));
}

void LinesFramer::restart() {
  end_.restart();
  partial_ = {};
}

void LinesFramer::write_line(std::string_view line, std::string& out) {
  out.append(line).append("\n");
}

void LinesFramer::write_close(std::string_view condition, std::string_view text, bool, std::string& out) {
  if (condition.empty()) return;
  out.append("error ").append(condition);
  if (!text.empty()) out.append(": ").append(text);
  out.append("\n");
}

}  // namespace hotline
