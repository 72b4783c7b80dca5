#!/bin/sh
# Checks modules (files) for what would break or pin the host: exactly one export, no unique symbol, a manifest
# section, a build id. Prints each fault; exits with 1 when there is one.
#
#     exports.sh FILE.so ...
faults=0
fault() { echo "$1: $2"; faults=1; }
for file in "$@"; do
  [ -f "$file" ] || { fault "$file" "is not there"; continue; }
  exports=$(nm -D --defined-only "$file" | awk '{print $NF}')
  [ "$exports" = hl_module ] || fault "$file" "exports '$(echo $exports)', not hl_module alone"
  # Read whole, not through a pipe to grep -q: a closed pipe would look like a finding.
  unique=$(readelf --dyn-syms --wide "$file" | awk '$5 == "UNIQUE" {print $8}')
  [ -z "$unique" ] || fault "$file" "has the unique symbol $(echo $unique): it would never unload; compile with -fno-gnu-unique"
  sections=$(readelf --sections --wide "$file")
  case $sections in *.hotline.manifest*) ;; *) fault "$file" "has no manifest: write HL_MANIFEST(...)" ;; esac
  case $sections in *.note.gnu.build-id*) ;; *) fault "$file" "has no build id: link with --build-id" ;; esac
  case $(readelf --dynamic --wide "$file") in *NODELETE*) fault "$file" "is marked NODELETE: it would never unload" ;; esac
done
exit $faults
