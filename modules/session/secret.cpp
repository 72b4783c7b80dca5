#include "session/secret.h"

namespace hotline::session {

using namespace hotline::sdk;

namespace {
constexpr int names_max = 4096;
constexpr std::size_t secret_bytes = 32;
}  // namespace

Secret::Secret(const hl_host* host) : random_(host), secrets_(Tables(host).open("login_secrets")) {}

std::string Secret::get() {
  if (!secret_.empty()) return secret_;
  // A row belongs to an account and lives at its home; the secret is a shard's. So it is kept under the first
  // of a row of names, none of which can be an account, whose home is here.
  for (int i = 0; i < names_max; ++i) {
    const std::string owner = "login-secret-" + std::to_string(i) + ".invalid";
    if (!secrets_.is_home(owner)) continue;
    if (const auto kept = secrets_.get(owner, "hmac")) return secret_ = *kept;
    // Not remembered here before it is read back: this call may yet be undone.
    std::string made = random_.bytes(secret_bytes);
    require(secrets_.put(owner, "hmac", made), "table.put");
    return made;
  }
  return secret_ = random_.bytes(secret_bytes);  // No name is at home here: good until the next push.
}

}  // namespace hotline::session
