#include "net/websocket_upgrade.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "net/ascii.h"

namespace hotline {

namespace {

constexpr std::size_t key_bytes = 24;  // Sixteen, in base64.
constexpr std::array once = {"upgrade", "connection", "sec-websocket-key", "sec-websocket-version",
                             "sec-websocket-protocol"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to `end`, and `end` with it.
std::string_view take_until(std::string_view& rest, std::string_view end) {
  const std::size_t at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + end.size());
  return taken;
}

bool lists(const std::string* list, std::string_view wanted) {
  std::string_view rest = list == nullptr ? std::string_view() : *list;
  while (!rest.empty()) {
    if (equal_ignoring_case(trimmed(take_until(rest, ",")), wanted)) return true;
  }
  return false;
}

bool is_key(std::string_view key) {
  if (key.size() != key_bytes || !key.ends_with("==")) return false;
  return std::all_of(key.begin(), key.end() - 2, [](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

// RFC 6455 4.2.2: base64(SHA-1(key and a constant)).
std::string accept_of(std::string_view key) {
  const std::string input = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check(EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr) == 1, "SHA-1 works");
  unsigned char text[2 * EVP_MAX_MD_SIZE];
  const int length = EVP_EncodeBlock(text, digest, static_cast<int>(size));
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)};
}

std::string http_answer(std::string_view status, std::string_view fields, std::string_view type,
                        std::string_view body) {
  std::string text("HTTP/1.1 ");
  text.append(status).append("\r\nContent-Type: ").append(type);
  text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append("\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n");
  return text.append(fields).append("\r\n").append(body);
}

// XEP-0156 3. Always wss: a web client may not use anything else, and the host knows its own name for TLS.
std::string host_meta(std::string_view host, bool is_json) {
  constexpr std::string_view fields = "Access-Control-Allow-Origin: *\r\n";
  const std::string url = "wss://" + std::string(host) + "/xmpp-websocket";
  if (is_json) {
    return http_answer("200 OK", fields, "application/json",
                       R"({"links":[{"rel":"urn:xmpp:alt-connections:websocket","href":")" + url + "\"}]}\n");
  }
  return http_answer("200 OK", fields, "application/xrd+xml",
                     "<?xml version='1.0' encoding='UTF-8'?>\n"
                     "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>"
                     "<Link rel='urn:xmpp:alt-connections:websocket' href='" +
                         url + "'/></XRD>\n");
}

// A plain answer that ends the connection. `status`: "400 Bad Request".
std::string http_refusal(std::string_view status, std::string_view why) {
  return http_answer(status, {}, "text/plain; charset=utf-8", std::string(why) + "\n");
}

}  // namespace

UpgradeAnswer answer_upgrade(const HttpRequest& request) {
  const auto refuse = [](std::string_view status, std::string_view why) {
    return UpgradeAnswer{false, http_refusal(status, why)};
  };
  if (request.method != "GET") {
    return {false, http_answer("405 Method Not Allowed", "Allow: GET\r\n", "text/plain; charset=utf-8",
                               "Only GET is answered here.\n")};
  }
  if (request.has_body) return refuse("400 Bad Request", "A request here has no body.");
  // What matters here may be said once.
  for (const char* const name : once)
    if (std::count_if(request.fields.begin(), request.fields.end(),
                      [name](const HttpField& field) { return field.name == name; }) > 1)
      return refuse("400 Bad Request", "A field that may be there once is there twice.");
  const std::string& path = request.path;
  const std::string* host = request.field("host");
  if (path == "/.well-known/host-meta") return {false, host_meta(*host, false)};
  if (path == "/.well-known/host-meta.json") return {false, host_meta(*host, true)};
  if (path != "/xmpp-websocket" && path != "/ws") {
    return refuse("404 Not Found", "XMPP over WebSocket is at /xmpp-websocket.");
  }
  if (!lists(request.field("upgrade"), "websocket") || !lists(request.field("connection"), "Upgrade")) {
    return {false,
            http_answer("426 Upgrade Required", "Upgrade: websocket\r\n", "text/plain; charset=utf-8",
                        "This is a WebSocket: Connection: Upgrade and Upgrade: websocket are needed.\n")};
  }
  const std::string* version = request.field("sec-websocket-version");
  if (version == nullptr || *version != "13") {
    return {false, http_answer("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
                               "text/plain; charset=utf-8", "Sec-WebSocket-Version has to be 13.\n")};
  }
  const std::string* key = request.field("sec-websocket-key");
  if (key == nullptr || !is_key(*key)) {
    return refuse("400 Bad Request", "Sec-WebSocket-Key has to be 16 bytes in base64.");
  }
  if (!lists(request.field("sec-websocket-protocol"), "xmpp")) {
    return refuse("400 Bad Request", "Sec-WebSocket-Protocol has to offer xmpp (RFC 7395).");
  }
  return {true,
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: " +
              accept_of(*key) + "\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"};
}

}  // namespace hotline
