// Calls that a test lets fail: what the host may answer to a module that did nothing wrong (a bound is
// reached, a session has ended, a row is parked). A module has to live with each of them.
//
//     host.failing.let(2);                // The second call that can fail does, with the first of its
//     answers. host.stanza(alice, "<message …/>"); CHECK(host.failing.call == "table.put");
//
// Calls whose failure could only be the module's own mistake are not among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "hotline/fake/view.hpp"
#include "hotline/status.h"

namespace hotline::sdk::fake {

// A call's name as a template argument.
template <std::size_t size>
struct CallName {
  char text[size] = {};
  consteval CallName(
      const char (&name)[size]) {  // NOLINT(google-explicit-constructor): written as a literal.
    for (std::size_t i = 0; i < size; ++i) text[i] = name[i];
  }
};

template <CallName name, auto function, hl_status... answers>
struct CanFail;
template <CallName name, typename... Arguments, hl_status (*function)(const hl_host*, Arguments...),
          hl_status... answers>
struct CanFail<name, function, answers...> {
  static hl_status call(const hl_host* host, Arguments... arguments) {
    const hl_status answer = of(host).failing->next(name.text, {answers...});
    return answer == HL_OK ? function(host, arguments...) : answer;
  }
};

// `function`, which can be made to answer one of `answers` and do nothing.
template <CallName name, auto function, hl_status... answers>
inline constexpr auto can_fail = &CanFail<name, function, answers...>::call;

}  // namespace hotline::sdk::fake
