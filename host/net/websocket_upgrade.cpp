#include "net/websocket_upgrade.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "net/ascii.h"

namespace hotline {

namespace {

constexpr std::size_t host_bytes_max = 255;
constexpr std::size_t key_bytes = 24;  // Sixteen, in base64.

struct Request {
  std::string_view method, path, version;
  std::optional<std::string_view> host, upgrade, connection, key, websocket_version, protocol;
};

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

bool lists(const std::optional<std::string_view>& list, std::string_view wanted) {
  std::string_view rest = list.value_or("");
  while (!rest.empty()) {
    if (equal_ignoring_case(trimmed(take_until(rest, ",")), wanted)) return true;
  }
  return false;
}

bool is_token(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != marks.npos;
  });
}

bool is_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
  });
}

// A name or address with or without a port: nothing that could end a quote in the documents we answer with.
bool is_host(std::string_view host) {
  constexpr std::string_view marks = ".-:[]_";
  return !host.empty() && host.size() <= host_bytes_max && std::all_of(host.begin(), host.end(), [&](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != marks.npos;
  });
}

// False for anything that is not a strict HTTP/1.1 head: folded lines, bare LF, a field that matters twice.
bool parse_head(std::string_view head, Request& request) {
  std::string_view line = take_until(head, "\r\n");
  request.method = take_until(line, " ");
  request.path = take_until(line, " ");
  request.version = line;
  if (!is_token(request.method) || !request.path.starts_with('/') || !is_value(request.path)) return false;
  for (;;) {
    line = take_until(head, "\r\n");
    if (line.empty()) return head.empty();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_token(name) || !is_value(value)) return false;
    const auto is = [&](std::string_view wanted) { return equal_ignoring_case(name, wanted); };
    std::optional<std::string_view>* field = nullptr;
    if (is("Host")) field = &request.host;
    if (is("Upgrade")) field = &request.upgrade;
    if (is("Connection")) field = &request.connection;
    if (is("Sec-WebSocket-Key")) field = &request.key;
    if (is("Sec-WebSocket-Version")) field = &request.websocket_version;
    if (is("Sec-WebSocket-Protocol")) field = &request.protocol;
    if (field == nullptr) continue;
    if (field->has_value()) return false;
    *field = value;
  }
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

}  // namespace

std::string http_refusal(std::string_view status, std::string_view why) {
  return http_answer(status, {}, "text/plain; charset=utf-8", std::string(why) + "\n");
}

UpgradeAnswer answer_upgrade(std::string_view head) {
  const auto refuse = [](std::string_view status, std::string_view why) {
    return UpgradeAnswer{false, http_refusal(status, why)};
  };
  Request request;
  if (!parse_head(head, request)) return refuse("400 Bad Request", "This is not an HTTP/1.1 request.");
  if (request.version != "HTTP/1.1") {
    return refuse("505 HTTP Version Not Supported", "The version has to be HTTP/1.1.");
  }
  if (request.method != "GET") {
    return {false, http_answer("405 Method Not Allowed", "Allow: GET\r\n", "text/plain; charset=utf-8",
                               "Only GET is answered here.\n")};
  }
  if (!request.host || !is_host(*request.host)) return refuse("400 Bad Request", "A Host field is needed.");
  const std::string_view path = request.path.substr(0, request.path.find('?'));
  if (path == "/.well-known/host-meta") return {false, host_meta(*request.host, false)};
  if (path == "/.well-known/host-meta.json") return {false, host_meta(*request.host, true)};
  if (path != "/xmpp-websocket" && path != "/ws") {
    return refuse("404 Not Found", "XMPP over WebSocket is at /xmpp-websocket.");
  }
  if (!lists(request.upgrade, "websocket") || !lists(request.connection, "Upgrade")) {
    return {false,
            http_answer("426 Upgrade Required", "Upgrade: websocket\r\n", "text/plain; charset=utf-8",
                        "This is a WebSocket: Connection: Upgrade and Upgrade: websocket are needed.\n")};
  }
  if (request.websocket_version != "13") {
    return {false, http_answer("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
                               "text/plain; charset=utf-8", "Sec-WebSocket-Version has to be 13.\n")};
  }
  if (!request.key || !is_key(*request.key)) {
    return refuse("400 Bad Request", "Sec-WebSocket-Key has to be 16 bytes in base64.");
  }
  if (!lists(request.protocol, "xmpp")) {
    return refuse("400 Bad Request", "Sec-WebSocket-Protocol has to offer xmpp (RFC 7395).");
  }
  return {true,
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: " +
              accept_of(*request.key) + "\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"};
}

}  // namespace hotline
