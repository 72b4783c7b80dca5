#include "dispatch/answered_errors.h"

#include <algorithm>
#include <string_view>

namespace hotline {

namespace {

bool is_error(std::string_view xml) {
  const std::string_view tag = xml.substr(0, xml.find('>'));
  return tag.find(" type='error'") != std::string_view::npos ||
         tag.find(" type=\"error\"") != std::string_view::npos;
}

}  // namespace

bool answers_error(Transaction& transaction) {
  const auto& effects = transaction.effects();
  return std::any_of(effects.begin(), effects.end(), [](const Effect& effect) {
    switch (effect.kind) {
      case Effect::Kind::stream_send:
      case Effect::Kind::session_send: return is_error(effect.bytes->bytes());
      case Effect::Kind::stream_close:
      case Effect::Kind::session_end: return !effect.text.empty();
      default: return false;
    }
  });
}

}  // namespace hotline
