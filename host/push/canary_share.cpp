#include "push/canary_share.h"

namespace hotline {

std::string CanaryShare::text() const {
  std::string text = std::to_string(share / 100);
  if (const std::uint32_t rest = share % 100; rest != 0) {
    text += rest < 10 ? ".0" : ".";
    text += std::to_string(rest % 10 == 0 ? rest / 10 : rest);
  }
  return text + " %";
}

}  // namespace hotline
