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

# expect KIND PLACE WHAT WHERE: there is a report of KIND that came about in the function PLACE, of an address that is WHAT,
# of a block that WHERE allocated or freed.
expect() {
  sed 's/^==[0-9]*== \{0,1\}//' "$log" | awk -v RS= -v kind="$1" -v place="$2" -v what="$3" -v where="$4" '
    $0 ~ kind && $0 ~ place && $0 ~ what && $0 ~ where { found = 1 }
    END { exit !found }' || {
    echo "no report of \"$1\" in $2: $3, $4; the last reports:"
    tail -n 60 "$log"
    exit 1
  }
}
past=an_access_past_an_end after=an_access_after_the_free # each place is reported once, of its first size
expect 'Invalid read of size 1' $past "0 bytes after a .*block of size 1 alloc'd" weft_alloc
expect 'Invalid write of size 1' $past "0 bytes after a .*block of size 1 alloc'd" weft_alloc
expect 'Invalid read of size 1' $after "0 bytes inside a .*block of size 1 free'd" 'weft_free.*Block was alloc.d at.*weft_alloc'
expect 'Invalid write of size 1' $after "0 bytes inside a .*block of size 1 free'd" 'weft_free.*Block was alloc.d at.*weft_alloc'
expect 'Conditional jump or move depends on uninitialised' bytes_that_nobody_has_written '' ''
sed -n 's/^.*ERROR SUMMARY/memcheck/p' "$log"
