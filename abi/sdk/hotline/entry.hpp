// entry<Module>(hl_manifest_text): the constant a module exports, made from a class.
//
// The class has a constructor from `const hl_host*` and any of these; what it does not have is NULL in
// the entry. A member of one of these names with another signature does not compile.
//
//     Status on_stream(const hl_stream_event&)      Status on_drain(const hl_drain_event&)
//     Status on_stanza(const hl_stanza_event&)      Status on_timer(const hl_timer_event&)
//     Status on_line(const hl_line_event&)          Status on_command(const hl_command_event&)
//     Status on_session(const hl_session_event&)    Status on_work(const hl_work_event&)
//     Status on_post(const hl_post_event&)          Status on_expiry(const hl_expiry_event&)
//     Status on_request(const hl_request_event&)
//     static Status self_test(const hl_host*)
//     static std::optional<std::string> convert(std::string_view table, std::uint32_t from,
//                                               std::uint32_t to, std::string_view row)
//
// Faults     No exception leaves the module. A missing capability (Missing) in the constructor is
//            HL_E_NONE; anything else that is thrown is HL_E_FAULT, with its what() in the host's log.
#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "hotline/cap/log.h"
#include "hotline/module.h"
#include "hotline/str.hpp"

namespace hotline::sdk {

// A capability the module cannot do without is not there.
class Missing : public std::exception {
 public:
  explicit Missing(const char* capability) : capability_(capability) {}
  const char* what() const noexcept override { return capability_; }

 private:
  const char* capability_;
};

namespace detail {

inline void log_fault(const hl_host* host, const char* call, const char* what) noexcept {
  const auto* log = static_cast<const hl_cap_log*>(host->capability(host, HL_CAP_LOG));
  if (log == nullptr) return;
  char line[256] = "";
  std::strncat(line, call, 40);
  std::strncat(line, " threw: ", 20);
  std::strncat(line, what, 180);
  log->write(host, HL_LOG_ERROR, str(line));
}

template <typename Module>
struct Instance {
  const hl_host* host;
  Module module;
};

// Runs `call` with the instance's module; whatever it throws is a fault.
template <typename Module, typename Call>
Status guarded(hl_instance* instance, const char* name, Call call) noexcept {
  auto* self = reinterpret_cast<Instance<Module>*>(instance);
  try {
    return call(self->module);
  } catch (const std::exception& thrown) {
    log_fault(self->host, name, thrown.what());
  } catch (...) {
    log_fault(self->host, name, "something that is not a std::exception");
  }
  return HL_E_FAULT;
}

template <typename Module>
Status create(const hl_host* host, hl_instance** instance) noexcept {
  try {
    *instance = reinterpret_cast<hl_instance*>(new Instance<Module>{host, Module(host)});
    return HL_OK;
  } catch (const Missing& missing) {
    log_fault(host, "create", missing.what());
    return HL_E_NONE;
  } catch (const std::exception& thrown) {
    log_fault(host, "create", thrown.what());
  } catch (...) {
    log_fault(host, "create", "something that is not a std::exception");
  }
  return HL_E_FAULT;
}

template <typename Module>
void destroy(hl_instance* instance) noexcept {
  delete reinterpret_cast<Instance<Module>*>(instance);
}

template <typename Module>
Status self_test(const hl_host* host) noexcept {
  try {
    return Module::self_test(host);
  } catch (const Missing& missing) {
    log_fault(host, "self_test", missing.what());
    return HL_E_NONE;
  } catch (const std::exception& thrown) {
    log_fault(host, "self_test", thrown.what());
  } catch (...) {
    log_fault(host, "self_test", "something that is not a std::exception");
  }
  return HL_E_FAULT;
}

template <typename Module>
Status convert(hl_str table, std::uint32_t from, std::uint32_t to, hl_str row, char* out,
               std::uint64_t* out_size) noexcept {
  try {
    std::optional<std::string> converted = Module::convert(view(table), from, to, view(row));
    if (!converted) return HL_E_INVALID;
    const bool fits = converted->size() <= *out_size;
    *out_size = converted->size();
    if (!fits) return HL_E_FULL;
    converted->copy(out, converted->size());
    return HL_OK;
  } catch (...) {
    return HL_E_FAULT;
  }
}

}  // namespace detail

template <typename Module>
constexpr hl_module_entry entry(const char* manifest) {
  using detail::guarded;
  hl_module_entry made{};
  made.magic = HL_MODULE_MAGIC;
  made.size = sizeof(hl_module_entry);
  made.abi_major = HL_ABI_MAJOR;
  made.abi_minor = HL_ABI_MINOR;
  made.manifest = manifest;
  made.create = &detail::create<Module>;
  made.destroy = &detail::destroy<Module>;
  if constexpr (requires { &Module::self_test; }) made.self_test = &detail::self_test<Module>;
  if constexpr (requires { &Module::convert; }) made.convert = &detail::convert<Module>;
  if constexpr (requires { &Module::on_stream; })
    made.on_stream = [](hl_instance* instance, const hl_stream_event* event) -> Status {
      return guarded<Module>(instance, "on_stream", [&](Module& module) { return module.on_stream(*event); });
    };
  if constexpr (requires { &Module::on_stanza; })
    made.on_stanza = [](hl_instance* instance, const hl_stanza_event* event) -> Status {
      return guarded<Module>(instance, "on_stanza", [&](Module& module) { return module.on_stanza(*event); });
    };
  if constexpr (requires { &Module::on_line; })
    made.on_line = [](hl_instance* instance, const hl_line_event* event) -> Status {
      return guarded<Module>(instance, "on_line", [&](Module& module) { return module.on_line(*event); });
    };
  if constexpr (requires { &Module::on_session; })
    made.on_session = [](hl_instance* instance, const hl_session_event* event) -> Status {
      return guarded<Module>(instance, "on_session",
                             [&](Module& module) { return module.on_session(*event); });
    };
  if constexpr (requires { &Module::on_post; })
    made.on_post = [](hl_instance* instance, const hl_post_event* event) -> Status {
      return guarded<Module>(instance, "on_post", [&](Module& module) { return module.on_post(*event); });
    };
  if constexpr (requires { &Module::on_drain; })
    made.on_drain = [](hl_instance* instance, const hl_drain_event* event) -> Status {
      return guarded<Module>(instance, "on_drain", [&](Module& module) { return module.on_drain(*event); });
    };
  if constexpr (requires { &Module::on_expiry; })
    made.on_expiry = [](hl_instance* instance, const hl_expiry_event* event) -> Status {
      return guarded<Module>(instance, "on_expiry", [&](Module& module) { return module.on_expiry(*event); });
    };
  if constexpr (requires { &Module::on_timer; })
    made.on_timer = [](hl_instance* instance, const hl_timer_event* event) -> Status {
      return guarded<Module>(instance, "on_timer", [&](Module& module) { return module.on_timer(*event); });
    };
  if constexpr (requires { &Module::on_command; })
    made.on_command = [](hl_instance* instance, const hl_command_event* event) -> Status {
      return guarded<Module>(instance, "on_command",
                             [&](Module& module) { return module.on_command(*event); });
    };
  if constexpr (requires { &Module::on_work; })
    made.on_work = [](hl_instance* instance, const hl_work_event* event) -> Status {
      return guarded<Module>(instance, "on_work", [&](Module& module) { return module.on_work(*event); });
    };
  if constexpr (requires { &Module::on_request; })
    made.on_request = [](hl_instance* instance, const hl_request_event* event) -> Status {
      return guarded<Module>(instance, "on_request",
                             [&](Module& module) { return module.on_request(*event); });
    };
  return made;
}

}  // namespace hotline::sdk
