#!/bin/sh
# Compares the ABI's headers with what the last release promised (tests/abi/abi-<major>.<minor>.abi): a struct may
# grow at its end, a type may be added; whatever else differs is a break, and the exit is 1.
#
#     guard.sh INCLUDE DUMP          compares
#     guard.sh INCLUDE DUMP --dump   writes DUMP anew: for a release
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=$1 dump=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The dump is the same wherever the tree lies.
cc -std=c11 -g -O0 -fPIC -shared -ffile-prefix-map="$here=." -I "$include" "$here/every_type.c" -o "$work/every_type.so"
if [ "${3:-}" = --dump ]; then
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$dump" "$work/every_type.so"
  exit 0
fi
differs=0
abidiff --leaf-changes-only --no-show-locs "$dump" "$work/every_type.so" >"$work/differences" || differs=$?
# 1 and 2: it failed, or was called wrongly. 4: something differs. 8: it knows itself that it is a break.
case $differs in
  0) exit 0 ;;
  4 | 12) ;;
  *) cat "$work/differences"; echo "abidiff failed with exit $differs"; exit 1 ;;
esac
# What growth at the end looks like, and nothing else. abidiff's own suppressions also let changed types pass.
awk '
  /^$/ || /^Leaf changes summary:/ || /^Changed leaf types summary:/ || /^[0-9]+ Added functions?:/ { next }
  /^Removed\/Changed\/Added .* summary: 0 Removed, 0 Changed/ || /^  \[A\] / { next }
  /^.struct hl_.* changed:$/ { size = "unknown"; next }
  /^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ { size = $5; next }
  /^  [0-9]+ data member insertions?:$/ { next }
  /^    .*, at offset [0-9]+ \(in bits\)$/ && size != "unknown" && $(NF - 2) + 0 >= size + 0 { next }
  { exit 1 }
' "$work/differences" && exit 0
cat "$work/differences"
echo "the ABI is not what $dump promises: append to structs only, or make it a new revision of the capability"
exit 1
