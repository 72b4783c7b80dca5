#include "net/tls_traffic_secrets.h"

#include <string_view>

namespace hotline {
namespace {

int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// How many bytes `hex` was; 0 when it is none or does not fit.
std::size_t decode(std::string_view hex, std::span<unsigned char> out) {
  if (hex.size() % 2 != 0 || hex.size() / 2 > out.size()) return 0;
  for (std::size_t i = 0; i < hex.size() / 2; ++i) {
    const int high = value_of(hex[2 * i]);
    const int low = value_of(hex[2 * i + 1]);
    if (high < 0 || low < 0) return 0;
    out[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return hex.size() / 2;
}

}  // namespace

void TlsTrafficSecrets::prepare(SSL_CTX* context) {
  SSL_CTX_set_keylog_callback(context, on_line);
}

void TlsTrafficSecrets::observe(SSL* ssl) {
  SSL_set_app_data(ssl, this);
}

bool TlsTrafficSecrets::are_complete(TlsSuite suite) const {
  return in_bytes_ == secret_bytes(suite) && out_bytes_ == secret_bytes(suite);
}

// LABEL <client random> <secret>, in hexadecimal. OpenSSL wipes the line when this returns.
void TlsTrafficSecrets::on_line(const SSL* ssl, const char* line) {
  auto* const self = static_cast<TlsTrafficSecrets*>(SSL_get_app_data(ssl));
  if (self == nullptr) return;
  const std::string_view text = line;
  const std::size_t label = text.find(' ');
  const std::size_t random = label == std::string_view::npos ? label : text.find(' ', label + 1);
  if (random == std::string_view::npos) return;
  const std::string_view secret = text.substr(random + 1);
  if (text.substr(0, label) == "CLIENT_TRAFFIC_SECRET_0") {
    self->in_bytes_ = decode(secret, self->state_.in.secret);
  } else if (text.substr(0, label) == "SERVER_TRAFFIC_SECRET_0") {
    self->out_bytes_ = decode(secret, self->state_.out.secret);
  }
}

}  // namespace hotline
