// Secret: a random key of the host's, of which each shard has its own: what must be the same for each
// attempt, and guessed by nobody, is made with it. Kept in table "login_secrets".
#pragma once

#include <hotline/sdk.hpp>
#include <string>

namespace hotline::session {

class Secret {
 public:
  explicit Secret(const hl_host* host);
  std::string get();

 private:
  sdk::Random random_;
  sdk::Table secrets_;
  std::string secret_;  // A copy of the shard's row, once read.
};

}  // namespace hotline::session
