#include "preflight/attempt.h"

#include <array>
#include <cstdio>
#include <exception>

#include "preflight/sandbox.h"

namespace hotline::preflight {

PreflightVerdict attempt(const PreflightRequest& request, const Manifest& manifest, Steps& steps,
                         const Trial& trial) {
  PreflightVerdict verdict;
  steps.take("load");
  Result<std::unique_ptr<Generation>> loaded =
      Generation::load({.path = "/proc/self/fd/" + std::to_string(preflight_fd::module),
                        .manifest = manifest,
                        .build_id = request.build_id,
                        .digest = request.digest,
                        .pins = request.pins,
                        .signed_by = {},
                        .convert_reason = request.convert_reason});
  if (!loaded) {
    // "x 1.0.0 refused: ..." is said by the host.
    const std::string prefix = manifest.label() + " refused: ";
    const std::string& why = loaded.error().message;
    verdict.refusal = why.starts_with(prefix) ? why.substr(prefix.size()) : why;
    return verdict;
  }
  for (std::string& note : close_files()) verdict.notes.push_back(std::move(note));
  const MappedRange range = (*loaded)->range();
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "mapped %zx %zx",
                                 static_cast<std::size_t>(range.base), static_cast<std::size_t>(range.end));
  steps.tell(std::string(text.data(), static_cast<std::size_t>(size)));
  try {
    verdict.refusal = trial(**loaded, verdict);
  } catch (const std::exception& error) {
    verdict.refusal = "in preflight it threw " + std::string(error.what()) + ", at " + steps.name();
  } catch (...) {
    verdict.refusal = "in preflight it threw what is no std::exception, at " + steps.name();
  }
  return verdict;
}

}  // namespace hotline::preflight
