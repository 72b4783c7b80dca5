// LinuxMachine: this machine, by /proc, /sys, statfs(2) and one file that is written, synced and removed.
#pragma once

#include "doctor/machine.h"

namespace hotline::doctor {

class LinuxMachine final : public Machine {
 public:
  std::optional<std::string> file(const std::string& path) const override;
  Result<Disk> disk(const std::string& directory) const override;
  Result<CertificateDates> certificate(const std::string& path) const override;
  std::int64_t now_s() const override;
};

}  // namespace hotline::doctor
