// Form: a room's settings as its owner sees and changes them: a data form of muc#roomconfig (XEP-0045 10.2
// and 15.5.3, XEP-0004).
#pragma once

#include <cstdint>
#include <hotline/sdk.hpp>
#include <optional>
#include <string>

#include "outgoing.h"
#include "settings.h"

namespace hotline::groups {

// <x type='form'/> with the settings in it.
std::string form_of(const Settings& settings, std::int64_t occupants_max);

// Puts a submitted form's fields into `settings`: what it does not name stays, and a field that is not known
// is passed over, as forms have it. Nothing when all of it is as it should be; else why not, and `settings`
// is to be thrown away.
std::optional<Refusal> read_form(const sdk::Element& form, std::int64_t occupants_max, Settings& settings);

}  // namespace hotline::groups
