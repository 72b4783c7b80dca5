// The C++20 layer over the C headers: what a module includes. Standard library only.
//
//     #include <hotline/sdk.hpp>
//
//     class Echo {
//      public:
//       explicit Echo(const hl_host* host) : streams_(host) {}
//       Status on_stanza(const hl_stanza_event& event);
//      private:
//       Streams streams_;
//     };
//
//     HL_MANIFEST("about Answers\nneeds hotline.stream/1\nroute …\n");
//     HL_MODULE = hotline::sdk::entry<Echo>(hl_manifest_text);
//
// Nothing here has state: no inline variables, no function-local statics, nothing that would become
// a unique symbol and keep a retired image mapped.
#pragma once

#include "hotline/capability.hpp"
#include "hotline/entry.hpp"
#include "hotline/jid.hpp"
#include "hotline/json.hpp"
#include "hotline/manifest.h"
#include "hotline/module.h"
#include "hotline/services.hpp"
#include "hotline/state.hpp"
#include "hotline/str.hpp"
#include "hotline/timestamp.hpp"
#include "hotline/wire.hpp"
#include "hotline/world.hpp"
#include "hotline/xml.hpp"
