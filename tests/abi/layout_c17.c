// The layout as C17 sees it.
#include "layout.h"

// A module's two lines must compile as C as well.
HL_MANIFEST("about Checks that the headers are C\n");
HL_MODULE = {.magic = HL_MODULE_MAGIC,
             .size = sizeof(hl_module_entry),
             .abi_major = HL_ABI_MAJOR,
             .abi_minor = HL_ABI_MINOR,
             .manifest = hl_manifest_text};
