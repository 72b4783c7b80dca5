// A module that exports more than it may: exports.sh must say so.
#include <hotline/module.h>

HL_MANIFEST("about Exports too much\n");
HL_MODULE = {.magic = HL_MODULE_MAGIC, .size = sizeof(hl_module_entry), .manifest = hl_manifest_text};
HL_EXPORT int helper(void);
int helper(void) {
  return 1;
}
