#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs a suite that misuses memory on purpose, under Valgrind's memcheck, and looks at what that reported: the suite itself
# can only count.
#     memcheck.sh VALGRIND SUITE
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
CK_FORK=no "$1" --tool=memcheck --leak-check=no --error-limit=no --num-callers=8 --log-file="$log" "$2"

# expect KIND PLACE WHAT WHERE: there is a report of KIND in the function PLACE, of an address that is WHAT, in a block that
# WHERE had allocated or freed.
expect() {
  sed 's/^==[0-9]*== \{0,1\}//' "$log" | awk -v RS= -v kind="$1" -v place="$2" -v what="$3" -v where="$4" '
    $0 ~ kind && $0 ~ place && $0 ~ what && $0 ~ where { found = 1 }
    END { exit !found }' || {
    echo "no report of \"$1\" in $2: $3, $4; the last reports:"
    tail -n 60 "$log"
    exit 1
  }
}
for size in 100 100,000 3,000,000; do
  expect 'Invalid read of size 1' reads_here "0 bytes after a block of size $size alloc'd" allocates_here
  expect 'Invalid write of size 1' writes_here "0 bytes after a block of size $size alloc'd" allocates_here
done
for size in 100 70,000 3,000,000; do
  expect 'Invalid write of size 1' writes_here "0 bytes inside a block of size $size free'd" frees_here
done
expect 'Conditional jump or move depends on uninitialised' branches_here '' ''
echo "memcheck reported what it should: $(grep -c 'Invalid \(read\|write\)' "$log") invalid accesses"
