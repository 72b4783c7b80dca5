// Finding: what one check of the doctor found, what it wants, why, and how to set it.
#pragma once

#include <cstdint>
#include <string>

namespace hotline::doctor {

enum class Verdict : std::uint8_t {
  good,
  advice,  // It works as it is, and would work better otherwise.
  bad,     // So many sessions will not fit, or something will be lost.
};

struct Finding {
  std::string name;  // "net.somaxconn"
  Verdict verdict = Verdict::good;
  std::string found;
  std::string wanted;
  std::string why;
  std::string fix;  // A command, or a line and the file it belongs in.
};

inline const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return "good";
    case Verdict::advice: return "advice";
    case Verdict::bad: return "bad";
  }
  return "";
}

}  // namespace hotline::doctor
