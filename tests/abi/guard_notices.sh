#!/bin/sh
# The guard can fail: each of these breaks is noticed, and growth is not one.
#
#     guard_notices.sh INCLUDE DUMP
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1 dump=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect breaks|passes WHAT FILE SED-EXPRESSION
expect() {
  rm -rf "$work/include"
  cp -r "$include" "$work/include"
  sed -i "$4" "$work/include/hotline/$3"
  if cmp -s "$include/hotline/$3" "$work/include/hotline/$3"; then echo "$2: nothing was changed"; exit 1; fi
  if "$here/guard.sh" "$work/include" "$dump" >"$work/said" 2>&1; then found=passes; else found=breaks; fi
  [ $found = "$1" ] || { cat "$work/said"; echo "$2: it $found and should be one that $1"; exit 1; }
}
expect breaks "a member of another size" types.h 's/^  uint64_t size;/  uint32_t size;/'
expect breaks "an event's member of another type" module.h 's/^  hl_entry entry;/  uint32_t entry;/'
expect breaks "a function that takes more" cap/table.h 's/hl_status (\*erase)(const hl_host\* host,/& int32_t more,/'
expect breaks "a member in the middle" module.h 's/^  hl_status (\*self_test)/  void* between;\n&/'
expect breaks "a member that is gone" host.h '/uint16_t abi_minor;/d'
expect passes "a function at the end of a table" cap/table.h 's/^} hl_cap_table;/  hl_status (*more)(const hl_host* host);\n&/'
