#include "push/fault.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <string_view>

namespace hotline {

namespace {
constexpr std::size_t thrown_bytes_max = 180;  // As much as the SDK tells.
}  // namespace

std::string status_name(hl_status status) {
  static constexpr std::array<std::string_view, 10> names{
      "HL_OK",     "HL_E_NONE",   "HL_E_INVALID", "HL_E_ELSEWHERE", "HL_E_GONE",
      "HL_E_FULL", "HL_E_DENIED", "HL_E_EXISTS",  "HL_E_FAULT",     "HL_E_PARKED"};
  if (status < 0 || static_cast<std::size_t>(status) >= names.size()) return std::to_string(status);
  return std::string(names[static_cast<std::size_t>(status)]);
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    default: return "signal " + std::to_string(signal);
  }
}

const char* call_name(EventKind kind) {
  static constexpr std::array names = {"on_stream",  "on_stanza", "on_line",    "on_session", "on_post",
                                       "on_drain",   "on_timer",  "on_command", "on_work",    "on_expiry",
                                       "on_request", "self_test", "create",     "destroy",    "convert"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view thrown_in(EventKind kind, std::string_view text) {
  constexpr std::string_view threw = " threw: ";
  const std::string_view name = call_name(kind);
  if (!text.starts_with(name) || !text.substr(name.size()).starts_with(threw)) return {};
  return text.substr(name.size() + threw.size(), thrown_bytes_max);
}

std::string FaultCause::text() const {
  switch (kind) {
    case Kind::exception: return "threw " + words;
    case Kind::overrun: return "overran its budget";
    case Kind::status:
      return "answered " + status_name(status) +
             (words.empty() ? std::string() : " (it threw " + words + ")");
    case Kind::signal: break;
  }
  if (is_overflow) return "overflowed its stack (SIGSEGV)";
  if (signal == SIGABRT) return "aborted (SIGABRT)";
  std::array<char, 40> at{};
  if (signal == SIGSEGV || signal == SIGBUS)
    std::snprintf(at.data(), at.size(), " at address 0x%zx", address);
  return "raised " + signal_name(signal) + at.data();
}

}  // namespace hotline
