#include "push/forbidden_imports.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace hotline {

namespace {

// Reasons, each with the way out.
constexpr const char* pins =
    "a thread_local object with a destructor keeps the image mapped while its thread lives; keep such state "
    "in the "
    "instance";
constexpr const char* why_no_threads =
    "a thread would go on running code that has been unloaded; ask the host: post, timers, crypto work";
constexpr const char* thread_keys =
    "its destructor would be called after the code has gone; keep such state in the instance";
constexpr const char* loading =
    "what it loads is not verified and not unloaded with it; make it a module, or link it statically";
constexpr const char* signals = "signals are the host's: its guard needs them";
constexpr const char* processes = "processes are the host's: ask for the work as a capability";
constexpr const char* ending = "a module does not end the host; return HL_E_FAULT";
constexpr const char* at_exit = "it would be called after the code has gone; clean up in destroy";
constexpr const char* locale = "the locale is the whole process's; format and parse without it (<charconv>)";
constexpr const char* sockets = "sockets are the host's: they must outlive the module";
constexpr const char* event_loops = "waiting is the host's: a blocked call stops its shard; ask for a timer";
constexpr const char* jumps = "it skips the host's guard; use exceptions or status codes";
constexpr const char* of_the_process = "the environment is the whole process's; read hotline.config/1";
constexpr const char* mappings = "a mapping of code outlives the module and belongs to nobody";

struct Rule {
  std::string_view name;  // With a '*' at its end: every name that begins so.
  const char* why;
};

constexpr std::array rules{
    Rule{"__cxa_thread_atexit", pins},
    Rule{"__cxa_thread_atexit_impl", pins},
    Rule{"pthread_create", why_no_threads},
    Rule{"thrd_create", why_no_threads},
    Rule{"clone", why_no_threads},
    Rule{"_ZNSt6thread15_M_start_thread*", why_no_threads},
    Rule{"_ZNSt6thread6detachEv", why_no_threads},
    Rule{"pthread_key_create", thread_keys},
    Rule{"tss_create", thread_keys},
    Rule{"pthread_atfork", at_exit},
    Rule{"__register_atfork", at_exit},
    Rule{"atexit", at_exit},
    Rule{"on_exit", at_exit},
    Rule{"at_quick_exit", at_exit},
    Rule{"__cxa_at_quick_exit", at_exit},
    Rule{"dlopen", loading},
    Rule{"dlmopen", loading},
    Rule{"signal", signals},
    Rule{"__sysv_signal", signals},
    Rule{"bsd_signal", signals},
    Rule{"sigaction", signals},
    Rule{"sigaltstack", signals},
    Rule{"sigprocmask", signals},
    Rule{"pthread_sigmask", signals},
    Rule{"signalfd", signals},
    Rule{"fork", processes},
    Rule{"vfork", processes},
    Rule{"_Fork", processes},
    Rule{"execl", processes},
    Rule{"execle", processes},
    Rule{"execlp", processes},
    Rule{"execv", processes},
    Rule{"execve", processes},
    Rule{"execveat", processes},
    Rule{"execvp", processes},
    Rule{"execvpe", processes},
    Rule{"fexecve", processes},
    Rule{"posix_spawn", processes},
    Rule{"posix_spawnp", processes},
    Rule{"system", processes},
    Rule{"popen", processes},
    Rule{"daemon", processes},
    Rule{"kill", processes},
    Rule{"exit", ending},
    Rule{"_exit", ending},
    Rule{"_Exit", ending},
    Rule{"quick_exit", ending},
    Rule{"setlocale", locale},
    Rule{"_ZNSt6locale6globalERKS_", locale},
    Rule{"uselocale", locale},
    Rule{"socket", sockets},
    Rule{"socketpair", sockets},
    Rule{"connect", sockets},
    Rule{"bind", sockets},
    Rule{"listen", sockets},
    Rule{"accept", sockets},
    Rule{"accept4", sockets},
    Rule{"getaddrinfo", sockets},
    Rule{"gethostbyname", sockets},
    Rule{"poll", event_loops},
    Rule{"ppoll", event_loops},
    Rule{"select", event_loops},
    Rule{"pselect", event_loops},
    Rule{"epoll_create", event_loops},
    Rule{"epoll_create1", event_loops},
    Rule{"epoll_wait", event_loops},
    Rule{"timer_create", event_loops},
    Rule{"setitimer", event_loops},
    Rule{"alarm", event_loops},
    Rule{"longjmp", jumps},
    Rule{"_longjmp", jumps},
    Rule{"siglongjmp", jumps},
    Rule{"__longjmp_chk", jumps},
    Rule{"setcontext", jumps},
    Rule{"swapcontext", jumps},
    Rule{"setenv", of_the_process},
    Rule{"unsetenv", of_the_process},
    Rule{"putenv", of_the_process},
    Rule{"clearenv", of_the_process},
    Rule{"mprotect", mappings},
};

bool matches(const Rule& rule, std::string_view import) {
  if (rule.name.ends_with('*')) return import.starts_with(rule.name.substr(0, rule.name.size() - 1));
  return import == rule.name;
}

}  // namespace

const char* why_forbidden(std::string_view import) {
  const auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return matches(rule, import); });
  return found == rules.end() ? nullptr : found->why;
}

std::string readable_name(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? std::string(text.get()) : symbol;
}

}  // namespace hotline
