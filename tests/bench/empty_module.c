// Does nothing, for calls_bench: what is left of a call is the host's own part.
#include "../fixture/minimal.h"

HL_MANIFEST("about Does nothing\nroute iq urn:example:empty self\n");

static hl_status on_stanza(hl_instance* instance, const hl_stanza_event* event) {
  (void)instance, (void)event;
  return HL_OK;
}

static hl_status on_timer(hl_instance* instance, const hl_timer_event* event) {
  (void)instance, (void)event;
  return HL_OK;
}

HL_MODULE = {MINIMAL_ENTRY, .on_stanza = on_stanza, .on_timer = on_timer};
