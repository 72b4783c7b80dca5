// Any text as a manifest: what is accepted is within bounds, says the same when it is read again, and can be
// routed by.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "push/manifest.h"
#include "push/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = hotline::Manifest::parse({reinterpret_cast<const char*>(data), size});
  if (!manifest) return manifest.error().message.empty() ? std::abort(), 0 : 0;
  if (manifest->name.empty() || manifest->name.find('/') != std::string::npos) std::abort();
  const auto again = hotline::Manifest::parse(manifest->text);
  if (!again || again->claims() != manifest->claims()) std::abort();

  const std::array set{&*manifest};
  const auto table = hotline::RouteTable::build(set);
  if (!table) std::abort();  // One module alone cannot conflict.
  for (const hotline::Route& route : manifest->routes) {
    if (route.address == hotline::AddressClass::any) continue;
    if (table->lookup(route.kind, route.ns, route.address, route.when) != 0) std::abort();
  }
  return 0;
}
