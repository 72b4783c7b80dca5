// What a host needs of the kernel's settings: the checks of them, and the file that sets them, from one list.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "doctor/finding.h"
#include "doctor/needs.h"

namespace hotline::doctor {

struct SysctlNeed {
  enum class Rule : std::uint8_t { at_least, at_most };
  struct Field {
    Rule rule;
    std::uint64_t value;
  };
  std::string name;           // Of the check.
  std::string key;            // As sysctl(8) has it.
  std::vector<Field> fields;  // Of a value of several numbers each.
  Verdict verdict;            // When it is not kept.
  std::string why;
  bool may_be_absent = false;  // The kernel, or a module of it that is not loaded.
  std::uint64_t usual = 0;     // The kernel's own value: nobody is told to set less.

  std::string value() const;   // "4096 16384 4194304"
  std::string wanted() const;  // "at least 4096, at most 16384"
  std::string path() const;    // Below /proc/sys.
};

std::vector<SysctlNeed> sysctl_needs(const Plan& plan);
// All of them as a file for /etc/sysctl.d; deploy/ has that for 2,800,000 sessions.
std::string sysctl_file(const Plan& plan);

}  // namespace hotline::doctor
