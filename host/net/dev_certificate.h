// The development certificate: made at first start, so that a host without any configuration serves TLS.
//
// EC P-256, signed by itself, for the domain and this machine. Clients have to be told to trust it.
#pragma once

#include <string>

#include "base/result.h"

namespace hotline {

struct CertificateFiles {
  std::string certificate;  // PEM.
  std::string key;
};

// The pair under `state_dir`/tls/, readable by its owner alone. Made when there is none, when it is for
// another domain, or when it has less than a week left; otherwise the one that is there.
Result<CertificateFiles> development_certificate(const std::string& state_dir, const std::string& domain);

}  // namespace hotline
