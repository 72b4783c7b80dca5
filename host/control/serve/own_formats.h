// What this program carries in an upgrade, and in which versions. Any thread.
#pragma once

#include "upgrade/formats.h"

namespace hotline {

Formats own_formats();

}  // namespace hotline
