#include "control/serve/own_formats.h"

#include "carry/carried_partition.h"
#include "net/tls_frozen.h"
#include "state/store_schema.h"
#include "upgrade/message.h"

namespace hotline {

Formats own_formats() {
  const auto schema = static_cast<std::uint32_t>(store_upgrades().size());
  return {.version = HOTLINE_VERSION,
          .formats = {{"upgrade protocol", upgrade_protocol, upgrade_protocol},
                      {"carried partition", carry_version_min, carry_version},
                      {"carried TLS state", tls_frozen_version, tls_frozen_version},
                      // A step of it cannot be taken back: what has it open has it as it is.
                      {"store schema", schema, schema}}};
}

}  // namespace hotline
