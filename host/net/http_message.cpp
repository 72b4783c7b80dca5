#include "net/http_message.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "net/ascii.h"

namespace hotline {

namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 308: return "Resume Incomplete";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

bool names(const HttpResponse& response, std::string_view name) {
  return std::any_of(response.fields.begin(), response.fields.end(),
                     [&](const HttpField& field) { return equal_ignoring_case(field.name, name); });
}

// What a response has unless it says otherwise: nothing of it is a page, and nothing is kept.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> safe_fields = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"},
    {"Referrer-Policy", "no-referrer"},
}};

}  // namespace

bool is_http_field(std::string_view name, std::string_view value) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const bool is_token = !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
  return is_token && std::all_of(value.begin(), value.end(), [](char c) {
           return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
         });
}

void append_http_response(std::string& out, const HttpResponse& response, HttpEnd end, bool is_head,
                          std::string_view date) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_of(response.status)).append("\r\n");
  const auto field = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  for (const HttpField& each : response.fields) field(each.name, each.value);
  for (const auto& [name, value] : safe_fields)
    if (!names(response, name)) field(name, value);
  if (!date.empty()) field("Date", date);
  // RFC 9110 8.6: these have no content, and no length either.
  const bool has_length = response.status != 204 && response.status != 304;
  if (has_length) field("Content-Length", std::to_string(response.length.value_or(response.body.size())));
  if (end == HttpEnd::close) field("Connection", "close");
  out.append("\r\n");
  if (has_length && !is_head) out.append(response.body);
}

HttpResponse http_problem(unsigned status, std::string_view why) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(why) + "\n"};
}

std::string http_date(std::uint64_t wall_ms) {
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

}  // namespace hotline
